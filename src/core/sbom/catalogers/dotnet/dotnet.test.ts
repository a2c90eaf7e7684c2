import assert from "node:assert/strict";
import { test } from "node:test";
import { catalog, gapsOf, rowsOf } from "../../../../../test/support/catalog.ts";
import { dotnetNuget } from "./dotnet.ts";

const deps = {
  runtimeTarget: { name: ".NETCoreApp,Version=v8.0/linux-x64", signature: "" },
  targets: {
    ".NETCoreApp,Version=v8.0/linux-x64": {
      "Shop/1.0.0": { dependencies: { "Newtonsoft.Json": "13.0.1" }, runtime: { "Shop.dll": {} } },
      "Newtonsoft.Json/13.0.1": {
        runtime: { "lib/netstandard2.0/Newtonsoft.Json.dll": { assemblyVersion: "13.0.0.0" } },
      },
      "Only.Analyzer/1.0.0": {},
      "runtimepack.Microsoft.NETCore.App.Runtime.linux-x64/8.0.1": { runtime: { "System.dll": {} } },
    },
  },
  libraries: {
    "Shop/1.0.0": { type: "project", serviceable: false, sha512: "" },
    "Newtonsoft.Json/13.0.1": { type: "package", path: "newtonsoft.json/13.0.1", sha512: "sha512-aa" },
    "Only.Analyzer/1.0.0": { type: "package" },
    "System.Reference/4.0.0.0": { type: "referenceassembly" },
    "runtimepack.Microsoft.NETCore.App.Runtime.linux-x64/8.0.1": { type: "runtimepack" },
    odd: { type: "package" },
  },
};

const lock = {
  version: 1,
  dependencies: {
    "net8.0": {
      Serilog: { type: "Direct", requested: "[3.0.1, )", resolved: "3.0.1", contentHash: "aa" },
      "Shop.Core": { type: "Project" },
      NoVersion: { type: "Transitive" },
    },
    "net6.0": { Serilog: { type: "Direct", resolved: "3.0.1" } },
  },
};

test("NuGet packages of every file kind", () => {
  const result = catalog(dotnetNuget, {
    "app/Shop.deps.json": JSON.stringify(deps),
    "src/packages.lock.json": JSON.stringify(lock),
    "src/packages.config":
      '\ufeff<?xml version="1.0" encoding="utf-8"?>\n<packages>\n  <package id="jQuery" version="3.1.1" targetFramework="net46" />\n  <package id="Build.Tool" version="1.0" developmentDependency="true" />\n</packages>',
    "root/.nuget/packages/dapper/2.0.123/dapper.nuspec":
      '<package xmlns="http://schemas.example/nuspec"><metadata minClientVersion="2.12"><id>Dapper</id><version>2.0.123</version><license type="expression">Apache-2.0</license></metadata></package>',
    "src/Template.nuspec": "<package><metadata><id>$id$</id><version>$version$</version></metadata></package>",
    "bad/x.deps.json": "{",
    "bad/packages.config": "<packages",
  });
  assert.deepEqual(rowsOf(result), [
    "Build.Tool@1.0 development",
    "Dapper@2.0.123 installed",
    "Microsoft.NETCore.App.Runtime.linux-x64@8.0.1 installed",
    "Newtonsoft.Json@13.0.1 installed",
    "NoVersion@ declared",
    "Only.Analyzer@1.0.0 declared",
    "Serilog@3.0.1 declared",
    "jQuery@3.1.1 declared",
  ]);
  assert.equal(result.broken.length, 2);
  assert.deepEqual(gapsOf(result), [
    "version-unknown /src/packages.lock.json x1: named without an exact version: NoVersion",
  ]);
});
