// Values that people and programs send and no detector may take for an attack: prose, names, addresses, code, data. One a line; latin1.

const prose = String.raw`
O'Brien
or 'small' <
having 1=
the girls' or 5 <
it is' or true; foo
sleep(
select sleep(
union select /
D'Angelo and sons
Conan O'Brien's show
rock 'n' roll
it's a dog's life
don't select from the menu, order by phone
the boys' and girls' changing rooms
students' and teacher-led groups
the teachers' union or the parents' council
Please select one of the options and continue
select all that apply
Select the best answer from the list below
Credit union
European Union select committee
trade-union members
Mid-Atlantic Union
the union of two sets
Join us where the group meets and order by Friday
We had 10 or 12 people, and 3 of them left early
5 or 6
10 and 12
pages 10 and 20-30, or 5
1 or 2 times a day
2 - 3 weeks
2020-2021
in 2020 and 2021
Room 5 and 6
4 & 5
salt & pepper
R&D
Q&A: is it like this?
if (and only if) you like it
where are you from?
having a good time
drop me a line
drop the table by the door
delete this, please
Insert the card into the slot
insert coin
update your profile
update the docs and the tests
create account
create or replace the file
grant access to all users
alter ego
Execute order 66
exec summary
exec team
call me maybe
begin with the end in mind
declare victory
merge conflict
sleep well
sleep (8 hours)
benchmark(s)
benchmark results (2024)
user group (Berlin)
the user (you) and the password (secret)
left (3), right (4)
count(s) and date(s)
version 2.0 (beta)
time and date (UTC)
Notes and date (2020)
min/max values
character set: utf8
limit 10
offset 20
order by name
group by date
sort by price - low to high
null
NULL
true
not null
is it true or false?
like a boss
as of today; more tomorrow
yes; no; maybe
step 1; insert card
hello; select one
a -- b
foo -- bar
He said -- and I quote -- "no"
"quoted" and 'quoted'
"foo" or "bar"
'foo' and 'bar'
say "hello" - or 'goodbye'
He's 5'10" tall
6' 2"
12" pizza and 2 drinks
27" monitor
5' x 7'
3/4" bolt
it's 50% off & free shipping!
100% cotton
C# and F# developers
#1 fan
#hashtag #2
Item #42 - blue
issue #17: it's broken
*** NEW ***
* bullet point
- list item
-- signature
---
===
a = b
x > y
1 < 2
2+2=4
a+b-c*d/e
f(x) = x^2 + 1
y = sin(x)
(a or b) and c
{curly} [square] <angle>
<3
:-) ;-) :'(
¯\_(ツ)_/¯`.replace("ツ", "x");

const addresses = String.raw`
john.doe@example.com
john+tag@example.com
o'neil@example.ie
"John Doe" <john@example.com>
+1 (555) 123-4567
+49 30 1234567
555-1234
(030) 123 45-67
12 Main St. #4
221B Baker Street, London NW1 6XE
10/12 High Street & 3rd
2024-01-31
2024-01-31T12:34:56Z
2024-01-31 12:34:56.789+02:00
31/01/2024
12:30 - 13:45
1,234.56
$1,000.00
$5 - $10
EUR 12.50
-1
+1
0
3.14e10
1e5
0xff
1_000_000
192.168.0.1
10.0.0.0/8
2001:db8::1
fe80::1%eth0
00:1a:2b:3c:4d:5e
https://example.com/
https://example.com/path?a=1&b=2
https://example.com/?q=select+the+best&sort=desc#top
/path/to/file.txt
/a/b/../c
C:\Program Files\App\app.exe
\\server\share\file
file:///tmp/x
mailto:a@example.com
image/*
text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8
application/json; charset=utf-8
src/*/test.ts
src/**/*.ts
*.example.com
en-US,en;q=0.9,de;q=0.8
gzip, deflate, br
keep-alive
max-age=3600, must-revalidate
W/"5e15153d-120f"
bytes=0-1023
no-cache
550e8400-e29b-41d4-a716-446655440000
{550e8400-e29b-41d4-a716-446655440000}
d41d8cd98f00b204e9800998ecf8427e
da39a3ee5e6b4b0d3255bfef95601890afd80709
dGhpcyBpcyBhIHRlc3Q=
SGVsbG8sIFdvcmxkIQ==
a-b_c.d~e
eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U
1234-ABCDEFEhfhihwuefi--
GA1.2.1234567890.1234567890
_ga=GA1.2.123; _gid=GA1.2.456
session=abc123; theme=dark
sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=
v1.2.3-rc.1+build.5
^1.2.0 || ~2.0.0
>=1.0.0 <2.0.0
feature/issue-123
refs/heads/main
user:password
key=value
a:b:c
k1=v1;k2=v2
00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01
Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36
Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.1 Safari/605.1.15
Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)
curl/8.4.0
Go-http-client/1.1
python-requests/2.31.0
kube-probe/1.29
Prometheus/2.48.0`;

const code = String.raw`
{"a":1,"b":[1,2,3]}
{"name":"O'Brien","age":42}
{"query":"{ user(id: 1) { name } }"}
[1,2,3]
["a","b"]
{"$ref":"#/definitions/a"}
{"op":"replace","path":"/a/b","value":1}
query { user(id: 5) { name email } }
const a = 1; const b = 2;
let x = y || z;
path: '/',
app.get('/', (request, reply) => reply.send("x"))
match("/*splat")
static void Init(v8::Local<v8::Object> exports);
plugins need a "shutdown" event, for example
exec('my.bat', (error, stdout) => {
if (a && b) { return c; }
for (let i = 0; i < 10; i++) {}
foo(bar, baz)
foo.bar(1, 2).baz
await sleep(5)
x => x + 1
(a, b) => a - b
a ? b : c
function add(a, b) { return a + b; }
import os, sys
from os import path
def f(x): return x + 1
#include <stdio.h>
int main(void) { return 0; }
fmt.Println("hello")
println!("{}", x)
SELECT
union
let's use a switch/case
.class > #id { color: red; }
@media (max-width: 600px)
@example
@user and @other
color: #ff0000
rgba(0, 0, 0, 0.5)
calc(100% - 20px)
translate(10px, 20px)
$(document).ready
$HOME/bin
%APPDATA%\x
a|b|c
a;b;c
a,b,c
1,2,3
1, 2 and 3
(1, 2)
((1))
[a-z]+
^\d{3}-\d{4}$
\d+\.\d+
\n\t
key: value
- name: x
label=app,env!=prod
app.kubernetes.io/name=web
name eq 'x' and price gt 5
status:open author:me
title:"hello world" AND year:2020
+required -excluded
sort=-created_at,name
page[limit]=10&page[offset]=5
fields=id,name,user(name)
filter[name]=O'Brien
width=5 height=6
online=true
once=1
on=1
only=this
one=1&two=2
style=dark
hair style = short
src=img.png
href=/path
action=save
data=1
from=a&to=b
a < b and c > d
x<y
5 < 6 > 3
List<String>
Map<String, Integer> x = new HashMap<>();
<p>Hello</p>
<b>bold</b> and <i>italic</i>
<a href="https://example.com/?a=1&amp;b=2">link</a>
<a href="java-tutorial.html">Java</a>
<img src="cat.png" alt="a cat">
<img src="data:image/png;base64,iVBORw0KGgo=">
<br/>
<div class="a" id="b"></div>
</div>
<!-- a comment -->
<your name here>
<john@example.com>
<https://example.com>
<foo
a <- b
->
=>
<=
<>`;

function linesOf(text: string): string[] {
  return text.split("\n").filter((line) => line !== "");
}

/** Every value with the group it is of. */
export const benignValues: readonly (readonly [string, string])[] = [
  ...linesOf(prose).map((value): readonly [string, string] => ["prose", value]),
  ...linesOf(addresses).map((value): readonly [string, string] => ["address", value]),
  ...linesOf(code).map((value): readonly [string, string] => ["code", value]),
];
