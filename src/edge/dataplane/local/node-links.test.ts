// Links of a node, on real ones: a veth is its namespace's whatever the routes say, a bridge is shared, an uplink is neither.
import assert from "node:assert/strict";
import { test } from "node:test";
import { addAddress, addBridge, addRoute, addVeth, setMaster, setUp } from "../../../../test/support/netns/links.ts";
import { createNamespace, mayMakeNamespaces } from "../../../../test/support/netns/namespace.ts";
import { skipUnless } from "../../../../test/support/skip.ts";
import { nodeLinks } from "./node-links.ts";

test("a veth leads to its namespace, ports of a bridge share it, and an address goes where its longest route goes", (context) => {
  if (!skipUnless(context, mayMakeNamespaces(), "MISSING root: network namespaces cannot be made")) return;
  const [node, web, left, right, outside] = ["node", "web", "left", "right", "outside"].map(createNamespace);
  assert.ok(node && web && left && right && outside);
  const join = (name: string, peer: typeof web): number => {
    node.inside(() => addVeth(name, { name: "eth0", netnsDescriptor: peer.descriptor }));
    node.inside(() => setUp(node.linkIndex(name)));
    peer.inside(() => setUp(peer.linkIndex("eth0")));
    return node.linkIndex(name);
  };
  try {
    const toWeb = join("to-web", web);
    const ports = [join("port1", left), join("port2", right)];
    const uplink = join("uplink", outside);
    node.inside(() => {
      addBridge("cni0");
      addBridge("br-out");
    });
    const bridge = node.linkIndex("cni0");
    const outer = node.linkIndex("br-out");
    node.inside(() => {
      for (const port of ports) setMaster(port, bridge);
      setMaster(uplink, outer);
      for (const index of [bridge, outer]) setUp(index);
      addAddress(toWeb, "10.88.1.1", 24);
      addAddress(toWeb, "fd88:1::1", 64);
      addAddress(bridge, "10.99.0.1", 16);
      addAddress(outer, "192.0.2.9", 24);
      addRoute({ to: "default", family: 4, index: outer, gateway: "192.0.2.1" });
      addRoute({ to: "10.99.7.7", family: 4, index: toWeb });
    });
    const links = nodeLinks(node.path);
    assert.deepEqual(links.linkTo(web.path), { name: "to-web", isShared: false });
    for (const pod of [left, right]) assert.deepEqual(links.linkTo(pod.path), { name: "cni0", isShared: true });
    assert.deepEqual(links.linkTo(node.path), { name: "", isShared: false });
    assert.deepEqual(links.shared, [{ name: "cni0", prefixes: ["10.99.0.0/16"] }]);
    for (const [address, name] of [
      ["10.88.1.77", "to-web"],
      ["fd88:1::77", "to-web"],
      ["10.99.3.4", "cni0"],
      ["10.99.7.7", "to-web"],
      ["192.0.2.200", "br-out"],
      ["203.0.113.1", ""],
      ["fd99::1", ""],
    ] as const)
      assert.equal(links.towards(address), name, address);
  } finally {
    for (const namespace of [node, web, left, right, outside]) namespace.close();
  }
});
