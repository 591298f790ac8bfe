import{createRequire as __createRequire}from'node:module';const require=__createRequire(import.meta.url);
import{ed25519PublicKey,ed25519PublicKeys,publicKeyPem,publicKeySha256}from"./chunk-VRNUZ7JK.mjs";import"./chunk-L5ABQMBV.mjs";import"./chunk-DAYVZU2T.mjs";import"./chunk-ZSWHANFE.mjs";export{ed25519PublicKey,ed25519PublicKeys,publicKeyPem,publicKeySha256};
