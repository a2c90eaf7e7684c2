import assert from "node:assert/strict";
import { test } from "node:test";
import { catalog, gapsOf, rowsOf } from "../../../../../test/support/catalog.ts";
import { pythonLocks } from "./locks.ts";

const pipfile = JSON.stringify({
  _meta: { sources: [{ name: "x", url: "https://index.example" }] },
  default: {
    Flask: { version: "==2.0.1", hashes: ["sha256:aa"], markers: "python_version >= '3'" },
    forked: { git: "https://git.example/f.git", ref: "abc" },
    here: { editable: true, path: "." },
  },
  develop: { pytest: { version: "==7.0.0" }, flask: { version: "==2.0.1" } },
});

const poetry = `# generated
[[package]]
name = "Django"
version = "4.2.1"
description = "A \\"quoted\\" thing"
category = "main"
optional = false
files = [
    {file = "Django-4.2.1.whl", hash = "sha256:aa"},
    {file = "Django-4.2.1.tar.gz", hash = "sha256:bb"},
]

[package.dependencies]
asgiref = ">=3.6.0,<4"
sqlparse = { version = ">=0.3.1", optional = true }

[package.extras]
argon2 = ["argon2-cffi (>=19.1.0)"]

[[package]]
name = "pytest"
version = "7.0.0"
category = "dev"

[[package]]
name = "ruff"
version = "0.4.0"
groups = ["dev", "lint"]

[[package]]
name = "both"
version = "1.0"
groups = ["main", "dev"]

[[package]]
name = "forked"
version = "0.1.0"

[package.source]
type = "git"
url = "https://git.example/f.git"
reference = "main"
resolved_reference = "abc"

[[package]]
name = "here"
version = "0.0.1"
[package.source]
type = "directory"
url = "."

[metadata]
lock-version = "2.0"
content-hash = "aa"
`;

const uv = `version = 1
requires-python = ">=3.12"

[[package]]
name = "shop"
version = "0.1.0"
source = { virtual = "." }
dependencies = [
    { name = "httpx" },
    { name = "forked" },
]

[package.optional-dependencies]
fast = [{ name = "orjson" }]

[package.dev-dependencies]
dev = [
    { name = "pytest" },
]

[[package]]
name = "httpx"
version = "0.27.0"
source = { registry = "https://index.example/simple" }
dependencies = [{ name = "idna", marker = "sys_platform != 'x'" }]
sdist = { url = "https://x.example/h.tar.gz", hash = "sha256:aa", size = 126413 }
wheels = [
    { url = "https://x.example/h.whl", hash = "sha256:bb", size = 75590 },
]

[[package]]
name = "idna"
version = "3.7"
source = { registry = "https://index.example/simple" }

[[package]]
name = "orjson"
version = "3.10.0"
source = { registry = "https://index.example/simple" }

[[package]]
name = "pytest"
version = "8.2.0"
source = { registry = "https://index.example/simple" }
dependencies = [{ name = "idna" }, { name = "pluggy" }]

[[package]]
name = "pluggy"
version = "1.5.0"
source = { registry = "https://index.example/simple" }

[[package]]
name = "forked"
version = "0.2.0"
source = { git = "https://git.example/f.git?rev=main#abc" }
`;

const pdm = `[metadata]
groups = ["default", "dev"]
lock_version = "4.4"

[[package]]
name = "certifi"
version = "2023.7.22"
requires_python = ">=3.6"
groups = ["default"]
files = [{file = "c.whl", hash = "sha256:aa"}]

[[package]]
name = "pytest"
version = "7.4.0"
groups = ["dev"]

[[package]]
name = "forked"
version = "0.0.2"
git = "https://git.example/f.git"
ref = "main"
revision = "abc"
groups = ["default"]

[[package]]
name = "here"
version = "1"
path = "./here"
`;

const pylock = `lock-version = "1.0"
created-by = 'tool'
[[packages]]
name = "attrs"
version = "25.1.0"
requires-python = ">=3.8"
wheels = [
  {name = "attrs.whl", upload-time = 2025-01-25T11:30:10.164985+00:00, url = "https://x.example/a.whl", hashes = {sha256 = "aa"}},
]
[[packages.attestation-identities]]
environment = "release"
kind = "GitHub"

[[packages]]
name = "from-git"
vcs = { type = "git", url = "https://git.example/f.git", commit-id = "abc" }

[[packages]]
name = "here"
directory = { path = "." }
`;

const cases: readonly (readonly [string, string, readonly string[]])[] = [
  [
    "app/Pipfile.lock",
    pipfile,
    ["flask@2.0.1 declared", "forked@ declared ?vcs_url=git+https://git.example/f.git@abc", "pytest@7.0.0 development"],
  ],
  [
    "app/poetry.lock",
    poetry,
    [
      "both@1.0 declared",
      "django@4.2.1 declared",
      "forked@0.1.0 declared ?vcs_url=git+https://git.example/f.git@abc",
      "pytest@7.0.0 development",
      "ruff@0.4.0 development",
    ],
  ],
  [
    "app/uv.lock",
    uv,
    [
      "forked@0.2.0 declared ?vcs_url=git+https://git.example/f.git@abc",
      "httpx@0.27.0 declared",
      "idna@3.7 declared",
      "orjson@3.10.0 declared",
      "pluggy@1.5.0 development",
      "pytest@8.2.0 development",
    ],
  ],
  [
    "app/pdm.lock",
    pdm,
    [
      "certifi@2023.7.22 declared",
      "forked@0.0.2 declared ?vcs_url=git+https://git.example/f.git@abc",
      "pytest@7.4.0 development",
    ],
  ],
  [
    "app/pylock.dev.toml",
    pylock,
    ["attrs@25.1.0 declared", "from-git@ declared ?vcs_url=git+https://git.example/f.git@abc"],
  ],
];

for (const [path, text, expected] of cases) {
  test(path, () => {
    const result = catalog(pythonLocks, { [path]: text });
    assert.deepEqual([rowsOf(result), result.broken], [expected, []]);
  });
}

test("broken locks are faults with a line and without the text", () => {
  const result = catalog(pythonLocks, {
    "a/poetry.lock": '[[package]]\nname = "a\nversion = "1"\n',
    "b/uv.lock": "[[package]]\nname = {",
    "c/Pipfile.lock": "[]",
    "d/pdm.lock": "",
    "e/Pipfile.lock": '{"default":{"x":"1.0","y":{"version":7}}}',
  });
  assert.deepEqual(result.broken, [
    "a/poetry.lock: not TOML: a string without its end",
    "b/uv.lock: not TOML: no key",
    "c/Pipfile.lock: JSON, but no object",
  ]);
  assert.deepEqual(gapsOf(result), ["version-unknown /e/Pipfile.lock x1: named without an exact version: y"]);
});
