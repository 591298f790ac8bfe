import{createRequire as __createRequire}from'node:module';const require=__createRequire(import.meta.url);
import{Buffer}from"node:buffer";var ALPHABET=/^[A-Za-z0-9_-]+$/u;function decodeBase64url(text){if(!ALPHABET.test(text))return;let bytes=Buffer.from(text,"base64url");return bytes.toString("base64url")===text?bytes:void 0}export{decodeBase64url};
