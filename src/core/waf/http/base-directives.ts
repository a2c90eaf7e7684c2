// The directives that stand before any rule set: which body is read how, limits, and what is wrong with a body. A rule set alone gives its rules no JSON or XML.

/** Name of the file that `baseDirectives` stand in, for positions. */
export const baseFileName = "garrison-base.conf";

/**
 * Read before a rule set's own files: engines give rules no bodies without them. Ids are those that ModSecurity's recommended configuration uses for the same
 * purposes, so that existing exclusions go on working.
 */
export const baseDirectives = `# What a rule set expects to be set before it.
SecRuleEngine DetectionOnly
SecRequestBodyAccess On
SecRequestBodyLimit 13107200
SecRequestBodyNoFilesLimit 131072
SecRequestBodyLimitAction Reject
SecRequestBodyJsonDepthLimit 512
SecResponseBodyAccess On
SecResponseBodyMimeType text/plain text/html text/xml application/json
SecResponseBodyLimit 524288
SecResponseBodyLimitAction ProcessPartial
SecArgumentSeparator &
SecCookieFormat 0
SecRule REQUEST_HEADERS:Content-Type "@rx ^(?:text/xml|application/(?:soap\\+)?xml)\\b" "id:200000,phase:1,pass,nolog,t:none,t:lowercase,ctl:requestBodyProcessor=XML"
SecRule REQUEST_HEADERS:Content-Type "@rx ^application/(?:[a-z0-9.+-]+\\+)?json\\b" "id:200001,phase:1,pass,nolog,t:none,t:lowercase,ctl:requestBodyProcessor=JSON"
SecRule REQBODY_ERROR "!@eq 0" "id:200002,phase:2,deny,status:400,log,t:none,msg:'The request body cannot be read',logdata:'%{reqbody_error_msg}',severity:2"
SecRule MULTIPART_STRICT_ERROR "!@eq 0" "id:200003,phase:2,deny,status:400,log,t:none,msg:'The multipart body breaks its format',severity:2"
SecRule MULTIPART_UNMATCHED_BOUNDARY "@eq 1" "id:200004,phase:2,deny,status:400,log,t:none,msg:'The multipart body holds a boundary that is none of its own',severity:2"
`;
