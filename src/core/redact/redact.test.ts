// Redaction against tables of what must be redacted and what must not, and against planted secrets in every position.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { redactArguments, redactText } from "./redact.ts";

// Made up; joined from parts, so that no scanner takes this file for a leak.
const aws = ["AKIA", "IOSFODNN7EXAMPLE"].join("");
const awsSecret = ["wJalrXUtnFEMI/K7MDENG", "/bPxRfiCYEXAMPLEKEY"].join("");
const github = ["ghp", "_16C7e42F292c6912E7710c838347Ae178B4a"].join("");
const jwt = ["eyJhbGciOiJIUzI1NiJ9", "eyJzdWIiOiIxMjM0In0", "dozjgNryP4J3jVmNHl0w5N"].join(".");
const google = ["AI", "zaSyD-9tSrke72PouQMnMX-a7eZSW0jkFMBWY"].join("");
const slack = ["xo", "xb-263594206564-2343594206574-FGqddMF8t08v8N7Oq4i57vs1"].join("");
const stripe = ["sk_", "live_4eC39HqLyjWDarjtT1zdp7dc"].join("");
const npm = ["np", "m_aB3dEfGh1jKlMn0pQrStUvWxYz0123456789"].join("");
const gitlab = ["glp", "at-zY3xWvUtSrQpOnMlKj1h"].join("");
const pem = ["-----BEGIN RSA PRIVATE", " KEY-----\nMIIEow0123\n-----END RSA PRIVATE", " KEY-----"].join("");
const garrison = ["aB3dEfGh1jKlMn0pQrStUvWx", "Yz0123456789_-abcde"].join("");
const join = ["gj1", "eyJhZGRyZXNzIjoiaHR0cHM6Ly9hOjg2ODciLCJzZWNyZXQiOiJhQjNkRWZHIn0"].join(".");
const hex = "9f86d081884c7d659a2feaa0c55ad015";

/** [command line, the secret in it, the kind]. */
const positive: readonly (readonly [readonly string[], string, string])[] = [
  [["mysql", "-u", "root", "-phunter2", "shop"], "hunter2", "password-flag"],
  [["/usr/bin/mysqldump", "-phunter2"], "hunter2", "password-flag"],
  [["mariadb", "-p", "hunter2"], "hunter2", "password-flag"],
  [["mysql", "--password=hunter2"], "hunter2", "password-flag"],
  [["sshpass", "-p", "hunter2", "ssh", "-p", "22", "a@b"], "hunter2", "password-flag"],
  [["sshpass", "-phunter2", "ssh", "a@b"], "hunter2", "password-flag"],
  [["mongosh", "-u", "a", "-p", "hunter2"], "hunter2", "password-flag"],
  [["docker", "login", "-u", "a", "-p", "hunter2", "registry.local"], "hunter2", "password-flag"],
  [["podman", "login", "-phunter2"], "hunter2", "password-flag"],
  [["helm", "registry", "login", "-p", "hunter2"], "hunter2", "password-flag"],
  [["skopeo", "copy", "--src-creds", "bob:hunter2", "a", "b"], "hunter2", "credentials-flag"],
  [["skopeo", "copy", "--dest-creds=bob:hunter2", "a", "b"], "hunter2", "credentials-flag"],
  [["curl", "-u", "bob:hunter2", "http://a"], "hunter2", "credentials-flag"],
  [["curl", "-ubob:hunter2", "http://a"], "hunter2", "credentials-flag"],
  [["curl", "-su", "bob:hunter2", "http://a"], "hunter2", "credentials-flag"],
  [["curl", "--user", "bob:hunter2"], "hunter2", "credentials-flag"],
  [["curl", "--user=bob:hunter2"], "hunter2", "credentials-flag"],
  [["curl", "--proxy-user", "bob:hunter2"], "hunter2", "credentials-flag"],
  [["curl", "-H", "Authorization: Bearer hunter2"], "hunter2", "authorization-header"],
  [["curl", "-H", "authorization:hunter2"], "hunter2", "authorization-header"],
  [["curl", "-HAuthorization: Basic Ym9iOmh1bnRlcjI="], "Ym9iOmh1bnRlcjI", "authorization-header"],
  [["curl", "-H", 'Proxy-Authorization: Digest username="a", response="hunter2"'], "hunter2", "authorization-header"],
  [["curl", "-H", "Cookie: sid=hunter2; a=b"], "hunter2", "cookie"],
  [["curl", "-b", "sid=hunter2", "http://a"], "hunter2", "cookie"],
  [["curl", "--cookie", "sid=hunter2"], "hunter2", "cookie"],
  [["curl", "-H", "X-Api-Key: hunter2hunter2"], "hunter2hunter2", "token-assignment"],
  [["curl", "-H", "X-Vault-Token: hunter2.abc"], "hunter2.abc", "token-assignment"],
  [["curl", "-H", "PRIVATE-TOKEN:hunter2"], "hunter2", "token-assignment"],
  [["curl", "--oauth2-bearer", "hunter2"], "hunter2", "token-flag"],
  [["curl", "-d", '{"user":"bob","password":"hunter2"}'], "hunter2", "password-assignment"],
  [["curl", "-d", '{"password": "hun ter2"}'], "hun ter2", "password-assignment"],
  [["curl", "-d", "user=bob&password=hunter2"], "hunter2", "query-secret"],
  [["curl", "https://bob:hunter2@example.org/x"], "hunter2", "url-password"],
  [["curl", "https://a/x?token=hunter2&b=1"], "hunter2", "query-secret"],
  [["curl", "https://a/x?a=1&access_token=hunter2"], "hunter2", "query-secret"],
  [["curl", `https://b.s3.amazonaws.com/x?X-Amz-Signature=${hex}${hex}`], hex, "query-secret"],
  [
    ["curl", "https://acc.blob.core.windows.net/c?sv=2022&sig=aB3dEfGh1jKlMn0pQrStUvWx%3D"],
    "aB3dEfGh1jKlMn0pQrStUvWx",
    "query-secret",
  ],
  [["wget", "--http-password=hunter2", "http://a"], "hunter2", "password-flag"],
  [["http", "-a", "bob:hunter2", "http://a"], "hunter2", "credentials-flag"],
  [["git", "clone", "https://bob:hunter2@git.local/a.git"], "hunter2", "url-password"],
  [["git", "clone", `https://${hex}aB@git.local/a.git`], hex, "url-password"],
  [["git", "-c", "http.extraHeader=Authorization: Basic hunter2", "fetch"], "hunter2", "authorization-header"],
  [["psql", "postgres://bob:hunter2@db/shop"], "hunter2", "url-password"],
  [["psql", "postgres://bob:hun/ter2@db/shop"], "hun/ter2", "url-password"],
  [["psql", "host=db user=bob password=hunter2"], "hunter2", "password-assignment"],
  [["env", "PGPASSWORD=hunter2", "psql"], "hunter2", "password-assignment"],
  [["env", "MYSQL_PWD=hunter2", "mysql"], "hunter2", "password-assignment"],
  [["app", "DB_PASS=hunter2"], "hunter2", "password-assignment"],
  [["app", "--token", "hunter2"], "hunter2", "token-flag"],
  [["app", "--token=hunter2"], "hunter2", "token-flag"],
  [["app", "-token", "hunter2"], "hunter2", "token-flag"],
  [["app", "--api-key", "hunter2"], "hunter2", "token-flag"],
  [["app", "--apikey=hunter2"], "hunter2", "token-flag"],
  [["app", "--client-secret", "hunter2"], "hunter2", "token-flag"],
  [["app", "--secret-access-key=hunter2"], "hunter2", "token-flag"],
  [["app", "--dbPassword", "hunter2"], "hunter2", "password-flag"],
  [["app", "--passphrase", "hunter2"], "hunter2", "password-flag"],
  [["app", "-password=hunter2"], "hunter2", "password-flag"],
  [["app", "--key", hex], hex, "token-flag"],
  [["app", `--session=${hex}`], hex, "key-like"],
  [["app", "user:hunter2@tcp(db:3306)/shop"], "hunter2", "url-password"],
  [["app", "Server=db;User Id=sa;Password=hunter2;Encrypt=true"], "hunter2", "password-assignment"],
  [["app", "AccountName=a;AccountKey=hunter2+abc==;EndpointSuffix=b"], "hunter2+abc==", "token-assignment"],
  [["java", "-Dspring.datasource.password=hunter2", "-jar", "a.jar"], "hunter2", "password-flag"],
  [["keytool", "-storepass", "hunter2", "-list"], "hunter2", "password-flag"],
  [["helm", "install", "a", "b", "--set", "auth.rootPassword=hunter2"], "hunter2", "password-assignment"],
  [["kubectl", "--token=hunter2", "get", "pods"], "hunter2", "token-flag"],
  [["kubectl", "create", "secret", "generic", "x", "--from-literal=foo=hunter2"], "hunter2", "token-flag"],
  [["kubectl", "exec", "db-0", "--", "mysql", "-phunter2"], "hunter2", "password-flag"],
  [["docker", "run", "-e", "POSTGRES_PASSWORD=hunter2", "postgres"], "hunter2", "password-assignment"],
  [["docker", "exec", "-it", "db", "redis-cli", "-a", "hunter2"], "hunter2", "password-flag"],
  [["some-runner", "--x", "/opt/bin/mysql", "-phunter2"], "hunter2", "password-flag"],
  [["sudo", "-E", "mysql", "-phunter2"], "hunter2", "password-flag"],
  [["sudo", "-u", "root", "ldapsearch", "-x", "-w", "hunter2"], "hunter2", "password-flag"],
  [["openssl", "rsa", "-in", "a.pem", "-passin", "pass:hunter2"], "hunter2", "password-flag"],
  [["openssl", "enc", "-aes-256-cbc", "-k", "hunter2"], "hunter2", "token-flag"],
  [["redis-cli", "-h", "db", "-a", "hunter2", "ping"], "hunter2", "password-flag"],
  [["redis-cli", "--pass", "hunter2"], "hunter2", "password-flag"],
  [["smbclient", "//a/b", "-U", "bob%hunter2"], "hunter2", "credentials-flag"],
  [["mount", "-t", "cifs", "//a/b", "/mnt", "-o", "username=bob,password=hunter2"], "hunter2", "password-assignment"],
  [["sqlcmd", "-S", "db", "-P", "hunter2"], "hunter2", "password-flag"],
  [["sqlplus", "bob/hunter2@orcl"], "hunter2", "credentials-flag"],
  [["zip", "-P", "hunter2", "a.zip", "b"], "hunter2", "password-flag"],
  [["7z", "x", "-phunter2", "a.7z"], "hunter2", "password-flag"],
  [["gpg", "--batch", "--passphrase", "hunter2", "-d", "a"], "hunter2", "password-flag"],
  [["ssh-keygen", "-t", "rsa", "-N", "hunter2"], "hunter2", "password-flag"],
  [["xfreerdp", "/u:bob", "/p:hunter2", "/v:host"], "hunter2", "password-flag"],
  [["rabbitmqctl", "add_user", "bob", "hunter2"], "hunter2", "password-flag"],
  [["vault", "login", "hunter2"], "hunter2", "password-flag"],
  [["vault", "kv", "put", "secret/a", "value=hunter2"], "hunter2", "token-assignment"],
  [["vault", "write", "auth/x", "role=a", "jwtish=hunter2"], "hunter2", "token-assignment"],
  [["ldapsearch", "-D", "cn=x", "-w", "hunter2"], "hunter2", "password-flag"],
  [["curl", "-d", "a=1", "http://a/b", "-u", "bob:hunter2"], "hunter2", "credentials-flag"],
  [["curl", "http://a/docker", "-u", "bob:hunter2"], "hunter2", "credentials-flag"],
  [["curl", "-o", "/tmp/mysql", "-su", "bob:hunter2", "http://a"], "hunter2", "credentials-flag"],
  [["sh", "-c", "A=1 B=2 mysql -phunter2 < a"], "hunter2", "password-flag"],
  [["mc", "alias", "set", "s3", "http://a", "bob", "hunter2"], "hunter2", "password-flag"],
  [["htpasswd", "-nb", "bob", "hunter2"], "hunter2", "password-flag"],
  [["aws", "configure", "set", "aws_secret_access_key", "hunter2"], "hunter2", "token-assignment"],
  [["npm", "config", "set", "//registry.local/:_authToken=hunter2"], "hunter2", "token-assignment"],
  [["nmcli", "dev", "wifi", "connect", "home", "password", "hunter2"], "hunter2", "password-flag"],
  [["lftp", "-u", "bob,hunter2", "ftp.local"], "hunter2", "credentials-flag"],
  [["sh", "-c", "mysql -u root -phunter2 < dump.sql"], "hunter2", "password-flag"],
  [["sh", "-c", "cd /tmp && PGPASSWORD=hunter2 psql -h db"], "hunter2", "password-assignment"],
  [["bash", "-c", "curl -s -u bob:hunter2 http://a | sh"], "hunter2", "credentials-flag"],
  [["bash", "-c", "curl -H 'Authorization: token hunter2' http://a"], "hunter2", "authorization-header"],
  [["bash", "-c", "sh -c 'redis-cli -a hunter2 ping'"], "hunter2", "password-flag"],
  [["bash", "-c", "x=1; sshpass -p 'hun ter2' ssh a@b"], "hun ter2", "password-flag"],
  [["sh", "-c", "echo hunter2 | sudo -S apt-get update"], "hunter2", "password-flag"],
  [["sh", "-c", "echo -n 'hunter2' | docker login -u bob --password-stdin"], "hunter2", "password-flag"],
  [["sh", "-c", "id; echo bob:hunter2 | chpasswd"], "hunter2", "password-flag"],
  [["sh", "-c", "printf '%s\\n' hunter2 | gh auth login --with-token"], "hunter2", "password-flag"],
  [["su", "-c", "export DB_PASSWORD=hunter2"], "hunter2", "password-assignment"],
  [["app", "--password", "$hunter2"], "$hunter2", "password-flag"],
  [["app", aws], aws, "aws-access-key"],
  [["app", awsSecret], awsSecret, "aws-secret-key"],
  [["app", github], github, "github-token"],
  [["app", `prefix-${gitlab}`], gitlab, "gitlab-token"],
  [["app", slack], slack, "slack-token"],
  [["app", jwt], jwt, "jwt"],
  [["app", `x=${google}`], google, "google-key"],
  [["app", stripe], stripe, "stripe-key"],
  [["app", npm], npm, "npm-token"],
  [["garrison", `gat_${garrison}`], garrison, "garrison-token"],
  [["garrison", `got_${garrison}`], garrison, "garrison-token"],
  [["garrison", `gst_${garrison}`], garrison, "garrison-token"],
  [["garrison", `glt_${garrison}`], garrison, "garrison-token"],
  [["open", `http://a:8686/#/in/got_${garrison}`], garrison, "garrison-token"],
  [["garrison", "agent", "join", join], join.slice(4), "garrison-token"],
  [["sh", "-c", `garrison agent join ${join} && echo ok`], join.slice(4), "garrison-token"],
  [["app", pem], "MIIEow0123", "private-key"],
  [["app", pem.slice(0, 45)], "MIIEow0123", "private-key"],
];

for (const [words, secret, kind] of positive) {
  test(`redacts ${JSON.stringify(words).slice(0, 100)}`, () => {
    const result = redactArguments(words);
    assert.equal(result.arguments.length, words.length);
    assert.ok(!result.arguments.join("\u0000").includes(secret), JSON.stringify(result));
    assert.ok((result.redacted as readonly string[]).includes(kind), JSON.stringify(result));
    assert.ok(result.arguments.join(" ").includes(`‹redacted:${kind}›`), JSON.stringify(result));
    assert.equal(result.arguments[0], words[0]);
    assert.deepEqual(redactArguments(result.arguments).arguments, result.arguments, "not idempotent");
  });
}

/** Command lines that must pass unchanged. */
const negative: readonly string[] = [
  "ls -p",
  "app gat_short",
  "app got_a_rather_long_answer_from_the_other_server",
  "app gst_plugin_feature_rank_compare_func_by_name",
  "cat gj1.txt",
  "app gj1.eyJ",
  "target_a glt_",
  "mkdir -p /x",
  "ssh -p 22 host",
  "cp -p a b",
  "tar -p -xf a.tar",
  "tar cpf a.tar b",
  "docker run -p 80:80 nginx",
  "docker run --name mysql -p 3306:3306 mysql:8",
  "docker compose -p shop up",
  "podman run -p 8080:80 img",
  "kubectl get secret db -o yaml",
  "kubectl -n shop get pods",
  "kubectl port-forward -p x",
  "sudo -u mysql mkdir -p /x",
  "rsync -ap a b",
  "patch -p 1",
  "patch -p1",
  "ps -p 42",
  "kill -9 42",
  "netstat -tulpn",
  "lsof -p 42",
  "strace -p 42",
  "perf record -p 42",
  "nmap -p 22,80 host",
  "nc -p 99 host",
  "scp -P 22 a b:c",
  "grep -r password .",
  "grep --regexp=token a",
  "find / -name passwd",
  "cat /etc/passwd",
  "cat /etc/shadow",
  "vim secrets.yaml",
  "ls /run/secrets",
  "mysql -u root -p",
  "mysql -h db -u root shop",
  "mysqldump --all-databases",
  "psql -U bob --password shop",
  "curl -u bob http://a",
  "curl http://host:8080/a@b",
  "curl https://user@host/",
  "curl -o key.pem https://a/key.pem",
  "git clone ssh://git@github.com/a/b.git",
  "git clone git@github.com:a/b.git",
  "git log --author=bob@example.org",
  "ssh-keygen -t ed25519 -f key",
  "ssh -i key.pem bob@host",
  "openssl rsa -in key.pem -passin env:PASS",
  "openssl rsa -in a -passin file:/run/p",
  "app --password-file /run/p",
  "app --password-file=/run/p",
  "docker login --password-stdin -u bob",
  "app --token-ttl 24h",
  "app --token-ttl=24h",
  "app --max-tokens 100",
  "kube-apiserver --authorization-mode=Node,RBAC",
  "kube-apiserver --service-account-signing-key-file=/pki/sa.key",
  "kube-apiserver --tls-private-key-file=/pki/a.key --enable-bootstrap-token-auth=true",
  "kubelet --bootstrap-kubeconfig=/a --authentication-token-webhook",
  "app --secret-name db",
  "docker build --secret id=npm,src=/a .",
  "app --auth basic",
  "app --no-auth",
  "app --key server.key",
  "app --keyfile=/a/b.key",
  "app --sort-by-key",
  "sort -k 2",
  "sort --key=2",
  "apt-key list",
  "tmux new -s session",
  "app --session-id 42",
  "cd PWD=/home/bob",
  "app OLDPWD=/x",
  "app --bypass yes",
  "gcc -pass-exit-codes a.c",
  "app --compass north",
  "app monkey=banana",
  "app keyboard=us",
  "app a=b c:d",
  "java -jar token.jar",
  "app 550e8400-e29b-41d4-a716-446655440000",
  "git show 3f786850e387550fdab836ed7e6dc881de23001b",
  "docker pull nginx@sha256:9f86d081884c7d659a2feaa0c55ad0159f86d081884c7d659a2feaa0c55ad015",
  "node --test src/token.test.ts",
  "app --cookie-jar /tmp/jar",
  "app --passive",
  "ffmpeg -pass 1 -i a",
  "app --signature-algorithm=rsa",
  "7z a a.7z b",
  "vault kv get secret/foo",
  "vault kv put secret/a @data.json",
  "cn=x tool -w word",
  "vault login -method=oidc",
  "aws s3 ls",
  "aws configure set region eu-west-1",
  "htop -p 1",
  "wc -w a",
  "sh -c echo hello | grep -S x",
  "nginx ssl_ciphers=HIGH:!aNULL:!PSK:!SRP",
  "head -c 10 a",
  "redis-cli -h db ping",
  "ldapsearch -x -W",
  "sh -c ls",
  "/bin/sh /usr/bin/which sshpass",
  "[kworker/0:1]",
  "sshd: bob [priv]",
];

for (const line of negative) {
  test(`leaves ${line}`, () => {
    const words = line.split(" ");
    const result = redactArguments(words);
    assert.deepEqual(result.arguments, words);
    assert.deepEqual(result.redacted, []);
  });
}

test("the tables are as long as promised", () => {
  assert.ok(positive.length >= 80 && negative.length >= 60, `${positive.length} and ${negative.length}`);
});

const secretText = fc
  .string({
    unit: fc.constantFrom(..."abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789!#%+^*".split("")),
    minLength: 8,
    maxLength: 40,
  })
  .filter((text) => /[a-z]/.test(text) && /[0-9]/.test(text) && !/^x+$/i.test(text));
const noise = fc.constantFrom(
  "app",
  "run",
  "--verbose",
  "-x",
  "a=b",
  "http://host/x",
  "/etc/passwd",
  "nginx",
  "--port",
  "80",
  "it's",
  '"',
  "password",
  "‹redacted:jwt›",
);
/** How a secret may be written in one or two words. */
const plants: readonly ((secret: string) => readonly string[])[] = [
  (secret) => ["--password", secret],
  (secret) => [`--password=${secret}`],
  (secret) => ["--api-token", secret],
  (secret) => [`DB_PASSWORD=${secret}`],
  (secret) => [`https://bob:${secret.replaceAll("#", "")}@db.local/x`],
  (secret) => ["-H", `Authorization: Bearer ${secret}`],
  (secret) => ["-d", `{"client_secret":"${secret}"}`],
  (secret) => ["sshpass", "-p", secret],
  (secret) => ["mysql", `-p${secret}`],
  (secret) => [`export TOKEN=${secret} && run`],
  (secret) => [`sh -c 'app --password ${secret}'`],
];

test("a planted secret never comes through, and a second pass changes nothing", () => {
  fc.assert(
    fc.property(
      fc.array(noise, { maxLength: 5 }),
      fc.array(noise, { maxLength: 5 }),
      secretText,
      fc.nat(plants.length - 1),
      (before, after, secret, at) => {
        const clean = secret.replaceAll("#", "");
        fc.pre(clean.length >= 8 && /[0-9]/.test(clean) && !before.join(" ").includes(clean));
        const planted = plants[at]?.(clean) ?? [];
        const first = redactArguments([...before, ...planted, ...after]);
        assert.ok(!first.arguments.join(" ").includes(clean), JSON.stringify(first));
        assert.deepEqual(redactArguments(first.arguments).arguments, first.arguments);
        const text = redactText([...before, ...planted].join(" ")).text;
        assert.equal(redactText(text).text, text);
      },
    ),
    { numRuns: 2000 },
  );
});
