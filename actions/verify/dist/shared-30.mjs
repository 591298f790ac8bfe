import{createRequire as __createRequire}from'module';const __url=import.meta.url,require=__createRequire(__url);
function i(e,t,r=!1){return e.status==="revoked"&&!(r&&e.revokedAt!==void 0&&t<e.revokedAt)?"revoked":e.notBefore!==void 0&&!(t>=e.notBefore)?"not_yet_valid":e.notAfter!==void 0&&!(t<e.notAfter)?"expired":"valid"}export{i as a};
