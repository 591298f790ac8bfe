import{createRequire as __createRequire}from'node:module';const require=__createRequire(import.meta.url);
import{ed25519PublicKey,ed25519PublicKeys,publicKeyPem,publicKeySha256}from"./chunk-VXCEDHGZ.mjs";import"./chunk-L5ABQMBV.mjs";import"./chunk-AZJAN6M7.mjs";import"./chunk-5LZ7N7YN.mjs";export{ed25519PublicKey,ed25519PublicKeys,publicKeyPem,publicKeySha256};
