// A server's certificate for loopback with its own authority, for tests of any room.
import { makeServingIdentity } from "../../src/edge/kube-server/certificates.ts";

export async function tlsIdentity(): Promise<{ readonly cert: string; readonly key: string; readonly ca: string }> {
  const { certificatePem, keyPem, caPem } = await makeServingIdentity(Date.now());
  return { cert: certificatePem, key: keyPem, ca: caPem };
}
