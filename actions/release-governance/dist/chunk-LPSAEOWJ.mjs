import{createRequire as __createRequire}from'node:module';const require=__createRequire(import.meta.url);
var REFERENCE=/^\$(\([^)]*\)|\{[^}]*\}|[A-Za-z_][A-Za-z0-9_]*)$/;function isUnexpanded(value){return REFERENCE.test(value)}export{isUnexpanded};
