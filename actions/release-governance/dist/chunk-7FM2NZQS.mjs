import{createRequire as __createRequire}from'node:module';const require=__createRequire(import.meta.url);
import{ed25519PublicKey,ed25519PublicKeys,publicKeyPem,publicKeySha256}from"./chunk-7RY4Z43X.mjs";import"./chunk-L5ABQMBV.mjs";import"./chunk-TJXASOIH.mjs";import"./chunk-ZSWHANFE.mjs";export{ed25519PublicKey,ed25519PublicKeys,publicKeyPem,publicKeySha256};
