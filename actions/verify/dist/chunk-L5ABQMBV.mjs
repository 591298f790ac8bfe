import{createRequire as __createRequire}from'node:module';const require=__createRequire(import.meta.url);
import{Buffer}from"node:buffer";var ALPHABET=/^[A-Za-z0-9+/]+={0,2}$/u;function decodeBase64(text){if(!ALPHABET.test(text))return;let bytes=Buffer.from(text,"base64");return bytes.toString("base64")===text?bytes:void 0}export{decodeBase64};
