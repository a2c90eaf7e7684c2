import assert from "node:assert/strict";
import { test } from "node:test";
import { catalog, fileOf, gapsOf, rowsOf, testTools } from "../../../../../test/support/catalog.ts";
import { writeZip } from "../../../../../test/support/zip.ts";
import { pythonArchives } from "./archives.ts";
import { pythonConda } from "./conda.ts";
import { pythonMetadata } from "./metadata.ts";
import { normalName, parseRequirement } from "./names.ts";
import { pythonRequirements } from "./requirements.ts";

test("names have one normal form", () => {
  for (const name of ["Foo.Bar", "foo-bar", "foo__bar", "FOO-._BAR"]) assert.equal(normalName(name), "foo-bar");
});

const requirements: readonly (readonly [string, readonly [string, string, string] | undefined])[] = [
  ["flask==2.0.1", ["flask", "2.0.1", ""]],
  ["Flask [async, dotenv] == 2.0.1 ; python_version < '3.9'", ["Flask", "2.0.1", ""]],
  ["pinned===2022.1+local.1", ["pinned", "2022.1+local.1", ""]],
  ["ranged>=1.0,<2", ["ranged", "", ""]],
  ["wild==1.*", ["wild", "", ""]],
  ["compat~=1.4.2", ["compat", "", ""]],
  ["bare", ["bare", "", ""]],
  ["both>=1,==1.5", ["both", "1.5", ""]],
  ["old (==1.0)", ["old", "1.0", ""]],
  ["pip @ https://files.example/pip-22.zip", ["pip", "", "https://files.example/pip-22.zip"]],
  ["git+https://git.example/x.git@v1#egg=x-y", ["x-y", "", "git+https://git.example/x.git@v1#egg=x-y"]],
  [
    "https://files.example/some_pkg-1.2.3-py3-none-any.whl",
    ["some_pkg", "1.2.3", "https://files.example/some_pkg-1.2.3-py3-none-any.whl"],
  ],
  ["hashed==1.0 --hash=sha256:aa --hash=sha256:bb", ["hashed", "1.0", ""]],
  ["short==1.0 -C bar", ["short", "1.0", ""]],
  ["./local/folder", undefined],
  ["{{ template }}", undefined],
  ["two words", undefined],
];

for (const [line, expected] of requirements) {
  test(`requirement: ${line}`, () => {
    const found = parseRequirement(line);
    assert.deepEqual(found === undefined ? undefined : [found.name, found.version, found.address], expected);
  });
}

test("requirements.txt: continued lines, comments, options, a byte order mark, UTF-16", () => {
  const text = [
    "\ufeff# tools",
    "-r base.txt",
    "--index-url https://user:secret@index.example/simple",
    "flask==2.0.1 \\",
    "    --hash=sha256:aaaa \\",
    "    --hash=sha256:bbbb  # why",
    "Zope.Interface==5.4.0\r",
    "-e git+https://git.example/e.git#egg=editable",
    "-e .",
    "ranged>=3",
    "%% what is this",
    "priv @ git+https://token:x@git.example/p.git@abc",
  ].join("\n");
  const wide = Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from("wide==1.0\r\n", "utf16le")]);
  const result = catalog(pythonRequirements, {
    "app/requirements.txt": text,
    "app/requirements-dev.txt": "pytest==7.0.0\n",
    "app/win_requirements.txt": wide,
    "app/notes.txt": "not==1.0\n",
  });
  assert.deepEqual(rowsOf(result), [
    "editable@ declared ?vcs_url=git+https://git.example/e.git#egg=editable",
    "flask@2.0.1 declared",
    "priv@ declared ?vcs_url=git+https://git.example/p.git@abc",
    "pytest@7.0.0 development",
    "ranged@ declared",
    "wide@1.0 declared",
    "zope-interface@5.4.0 declared",
  ]);
  assert.deepEqual(gapsOf(result), [
    "file-unreadable /app/requirements.txt x1: lines that are no requirement",
    "version-unknown /app/requirements.txt x3: named without an exact version: editable, ranged, priv",
  ]);
  assert.equal(result.packages.find((item) => item.name === "flask")?.evidence[0]?.line, 4);
});

const site = "usr/lib/python3/dist-packages";

test("installed distributions: dist-info, egg-info as folder and file, direct_url.json", () => {
  const result = catalog(pythonMetadata, {
    [`${site}/Foo_Bar-1.2.dist-info/METADATA`]:
      "Metadata-Version: 2.1\nName: Foo.Bar\nVersion: 1.2\nLicense: MIT\n\nName: not this\n",
    [`${site}/Foo_Bar-1.2.dist-info/direct_url.json`]: JSON.stringify({
      url: "https://git.example/foo.git",
      vcs_info: { vcs: "git", commit_id: "abc", requested_revision: "main" },
    }),
    [`${site}/exp-1.dist-info/METADATA`]:
      "Name: exp\r\nVersion: 1\r\nLicense: text\r\nLicense-Expression: MIT OR Apache-2.0\r\n\r\n",
    [`${site}/long.dist-info/METADATA`]:
      "Name: long\nVersion: 2\nLicense: Copyright (c)\n        all the text\nClassifier: License :: OSI Approved :: BSD License\n",
    [`${site}/six-1.16.0.egg-info/PKG-INFO`]: "Metadata-Version: 1.1\nName: six\nVersion: 1.16.0\nLicense: UNKNOWN\n",
    [`${site}/PyYAML-6.0-py3.11.egg-info`]: "Metadata-Version: 1.2\n",
    [`${site}/x.egg/EGG-INFO/PKG-INFO`]: "Name: x\nVersion: 0.1\n",
    "src/sdist/PKG-INFO": "Name: sdist\nVersion: 9\n",
    "opt/METADATA": "Name: no\nVersion: 9\n",
    [`${site}/bad.dist-info/METADATA`]: "Metadata-Version: 2.1\n",
    [`${site}/dynamic-3.1.dist-info/METADATA`]: "Name: dynamic\n\n",
  });
  assert.deepEqual(rowsOf(result), [
    "dynamic@3.1 installed",
    "exp@1 installed",
    "foo-bar@1.2 installed ?vcs_url=git+https://git.example/foo.git@abc",
    "long@2 installed",
    "pyyaml@6.0 installed",
    "six@1.16.0 installed",
    "x@0.1 installed",
  ]);
  const licenses = Object.fromEntries(result.packages.map((item) => [item.name, item.licenses]));
  assert.deepEqual(
    [licenses["foo-bar"], licenses["exp"], licenses["long"], licenses["six"]],
    [["MIT"], ["MIT OR Apache-2.0"], ["BSD License"], []],
  );
  assert.deepEqual(result.broken, [`${site}/bad.dist-info/METADATA: no name in a Python distribution's metadata`]);
});

test("conda environments", () => {
  const record = {
    name: "openssl",
    version: "3.0.8",
    build: "h0b41bf4_0",
    channel: "https://c.example/conda-forge/linux-64",
    subdir: "linux-64",
    license: "Apache-2.0",
  };
  const result = catalog(pythonConda, {
    "opt/conda/conda-meta/openssl-3.0.8-h0b41bf4_0.json": JSON.stringify(record),
    "app/data/report-1.0-final.json": "not json, and none of ours",
  });
  assert.deepEqual(rowsOf(result), ["openssl@3.0.8 installed ?build=h0b41bf4_0&subdir=linux-64&channel=conda-forge"]);
  assert.deepEqual(result.broken, []);
});

test("wheels and eggs as archives", () => {
  const metadata = "Metadata-Version: 2.1\nName: Some.Pkg\nVersion: 1.0\n";
  const code = { name: "some/module.py", content: "" };
  const result = catalog(pythonArchives, {
    "opt/w/some_pkg-1.0-py3-none-any.whl": writeZip([
      code,
      { name: "some_pkg-1.0.dist-info/METADATA", content: metadata },
    ]),
    "opt/e/some-1.0.egg": writeZip([{ name: "EGG-INFO/PKG-INFO", content: metadata }, code]),
    "opt/old.egg": "not a zip",
    "opt/bad.whl": writeZip([code]),
  });
  assert.deepEqual(rowsOf(result), ["some-pkg@1.0 declared", "some-pkg@1.0 installed"]);
  assert.deepEqual(result.broken, ["opt/bad.whl: a wheel or egg without metadata"]);
});

test("RECORD tells native modules and programs", () => {
  const files: Readonly<Record<string, string>> = {
    [`${site}/numpy-1.0.dist-info/METADATA`]: "Name: numpy\nVersion: 1.0\n",
    [`${site}/numpy-1.0.dist-info/RECORD`]:
      'numpy/__init__.py,sha256=aa,1\nnumpy/core/_multi.cpython-311-x86_64-linux-gnu.so,sha256=bb,2\n../../../bin/f2py,sha256=cc,3\n"numpy.libs/lib,odd.so.3",,\n../../../../../../etc/bin/x,,\n',
  };
  const read = (path: string) => ({
    path,
    layer: 0,
    part: pythonMetadata.read(fileOf(path, files[path] ?? ""), testTools),
  });
  const combined = pythonMetadata.combine(Object.keys(files).map(read), {
    operatingSystem: undefined,
    has: () => true,
  });
  assert.deepEqual(combined.files, [
    {
      index: 0,
      paths: [
        `/${site}/numpy/core/_multi.cpython-311-x86_64-linux-gnu.so`,
        "/usr/bin/f2py",
        `/${site}/numpy.libs/lib,odd.so.3`,
        "/etc/bin/x",
      ],
    },
  ]);
});
