import assert from "node:assert/strict";
import { test } from "node:test";
import { catalog, gapsOf, rowsOf } from "../../../../../test/support/catalog.ts";
import { goModules } from "./go-mod.ts";

const mod = `module example.org/shop // the shop

go 1.21.3

toolchain go1.22.1

require github.com/gin-gonic/gin v1.9.1

require (
	golang.org/x/net v0.10.0 // indirect
	github.com/old/lib v1.0.0
	github.com/local/lib v1.0.0
	github.com/gone/lib v0.0.1
	"github.com/quoted/lib" v2.0.0+incompatible
	gopkg.in/yaml.v3 v3.0.1
)

replace github.com/old/lib v1.0.0 => github.com/new/lib v1.5.0

replace (
	github.com/local/lib => ./local
	github.com/unused/lib => github.com/other/lib v1.0.0
)

exclude github.com/gone/lib v0.0.1

retract v0.9.0
`;

test("go.mod: require, replace, exclude, the toolchain", () => {
  const result = catalog(goModules, {
    "src/go.mod": mod,
    "root/go/pkg/mod/github.com/x/y@v1.0.0/go.mod": "module github.com/x/y\nrequire a.b/c v1.0.0\n",
    "bad/go.mod": "require a.b/c v1.0.0\n",
  });
  assert.deepEqual(rowsOf(result), [
    "github.com/gin-gonic/gin@v1.9.1 declared",
    "github.com/new/lib@v1.5.0 declared",
    "github.com/quoted/lib@v2.0.0+incompatible declared",
    "golang.org/x/net@v0.10.0 declared",
    "gopkg.in/yaml.v3@v3.0.1 declared",
    "stdlib@1.22.1 declared",
  ]);
  assert.deepEqual(result.broken, ["bad/go.mod: a go.mod without a module"]);
  assert.equal(result.packages.find((item) => item.name === "net")?.evidence[0]?.line, 10);
});

test("vendor/modules.txt", () => {
  const text = `# github.com/gin-gonic/gin v1.9.1
## explicit; go 1.18
github.com/gin-gonic/gin
# github.com/old/lib v1.0.0 => github.com/new/lib v1.5.0
## explicit
github.com/old/lib
# github.com/local/lib v1.0.0 => ./local
# github.com/old/lib => github.com/new/lib v1.5.0
`;
  const result = catalog(goModules, { "src/vendor/modules.txt": text, "other/modules.txt": "# a b\n" });
  assert.deepEqual(rowsOf(result), ["github.com/gin-gonic/gin@v1.9.1 declared", "github.com/new/lib@v1.5.0 declared"]);
});

test("a line that no go.mod has is a gap, and the rest goes on", () => {
  const text = `module x\nrequire a.org/b v1.0.0\nrequire (\n${"a v1 ".repeat(2000)}\n)\nrequire c.org/d v2.0.0\n`;
  const result = catalog(goModules, { "go.mod": text });
  assert.deepEqual(rowsOf(result), ["a.org/b@v1.0.0 declared", "c.org/d@v2.0.0 declared"]);
  assert.deepEqual(gapsOf(result), ["file-unreadable /go.mod x1: a line of more than 4096 characters"]);
});
