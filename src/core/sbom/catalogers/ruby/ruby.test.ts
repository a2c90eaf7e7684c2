import assert from "node:assert/strict";
import { test } from "node:test";
import { catalog, gapsOf, rowsOf } from "../../../../../test/support/catalog.ts";
import { rubyGemfileLock } from "./gemfile-lock.ts";
import { rubyGemspec } from "./gemspec.ts";

const bundler = `# -*- encoding: utf-8 -*-
# stub: bundler 2.4.10 ruby lib

Gem::Specification.new do |s|
  s.name = "bundler".freeze
  s.version = "2.4.10"

  s.required_rubygems_version = Gem::Requirement.new(">= 3.0.1".freeze)
  s.licenses = ["MIT".freeze, "Ruby".freeze]
  s.authors = ["A \\u00e9".freeze]
  s.add_dependency(%q<other>.freeze, ["= 9.9.9"])
end
`;

test("specifications: installed, default, with a platform, computed values", () => {
  const result = catalog(rubyGemspec, {
    "usr/lib/ruby/gems/3.1.0/specifications/default/bundler-2.4.10.gemspec": bundler,
    "var/lib/gems/3.1.0/specifications/nokogiri-1.13.9-x86_64-linux.gemspec":
      'Gem::Specification.new do |s|\n  s.name = "nokogiri"\n  s.version = "1.13.9"\n  s.platform = "x86_64-linux"\n  s.license = "MIT"\nend\n',
    "usr/share/rubygems-integration/all/specifications/rake-13.0.6.gemspec":
      "Gem::Specification.new do |s|\n  s.version = Rake::VERSION\nend\n",
    "app/vendor/thing/thing.gemspec":
      "Gem::Specification.new do |gem|\n  gem.name = 'thing'\n  gem.version = Thing::VERSION\nend\n",
    "app/plain.gemspec": "Gem::Specification.new do |spec|\n  spec.name = 'plain'\n  spec.version = '0.1.0'\nend\n",
  });
  assert.deepEqual(rowsOf(result), [
    "bundler@2.4.10 installed",
    "nokogiri@1.13.9 installed ?platform=x86_64-linux",
    "plain@0.1.0 installed",
    "rake@13.0.6 installed",
  ]);
  assert.deepEqual(result.packages.find((item) => item.name === "bundler")?.licenses, ["MIT", "Ruby"]);
});

const lock = `GIT
  remote: https://token:x@git.example/f.git
  revision: abc
  branch: main
  specs:
    forked (0.2.0)

PATH
  remote: .
  specs:
    shop (0.1.0)
      rails

GEM
  remote: https://gems.example/
  specs:
    actionview (7.0.4)
      activesupport (= 7.0.4)
    nokogiri (1.13.9-x86_64-linux)
      racc (~> 1.4)
    nokogiri (1.13.9)
    pre (1.0.0.rc1)

PLATFORMS
  ruby
  x86_64-linux

DEPENDENCIES
  rails (~> 7.0)
  forked!

CHECKSUMS
  actionview (7.0.4) sha256=aa

BUNDLED WITH
   2.4.10
`;

test("Gemfile.lock: platforms, git, this project's own", () => {
  const result = catalog(rubyGemfileLock, {
    "app/Gemfile.lock": lock,
    "b/gems.locked": "prose\n",
    "c/Gemfile.lock": "",
  });
  assert.deepEqual(rowsOf(result), [
    "actionview@7.0.4 declared",
    "forked@0.2.0 declared ?vcs_url=git+https://git.example/f.git@abc",
    "nokogiri@1.13.9 declared",
    "pre@1.0.0.rc1 declared",
  ]);
  assert.deepEqual(result.broken, ["b/gems.locked: not a Gemfile.lock"]);
  assert.deepEqual(gapsOf(result), []);
});
