// Names of network interfaces by their index, asked from the kernel once each.
import { families, NLM_F_REQUEST, openNetlink } from "./netlink/socket.ts";
import { attributesOf, textOf } from "./netlink/reader.ts";
import { createWriter } from "./netlink/writer.ts";

const RTM_GETLINK = 18;
const RTM_NEWLINK = 16;
const IFLA_IFNAME = 3;
const IFLA_EXT_MASK = 29;
const RTEXT_FILTER_SKIP_STATS = 8;
const headerBytes = 16;
const namesMax = 65_536;

export interface InterfaceNames {
  /** "" for one that is not (or no longer) there. */
  nameOf(index: number): string;
  close(): void;
}

/** Looks in a network namespace. Throws "dataplane/netlink" and "dataplane/netns". */
export function openInterfaceNames(netns: string | undefined): InterfaceNames {
  const socket = openNetlink({ family: families.route, netns });
  const names = new Map<number, string>();
  function ask(index: number): string {
    const writer = createWriter(64);
    const header = new Uint8Array(headerBytes);
    new DataView(header.buffer).setInt32(4, index, true);
    writer.begin(RTM_GETLINK, NLM_F_REQUEST, header);
    writer.u32(IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
    writer.end();
    for (const message of socket.request(writer.take()).messages) {
      if (message.type !== RTM_NEWLINK) continue;
      return textOf(attributesOf(message.payload.subarray(headerBytes)).get(IFLA_IFNAME));
    }
    return "";
  }
  return {
    nameOf: (index) => {
      const known = names.get(index);
      if (known !== undefined) return known;
      if (names.size >= namesMax) names.clear();
      const name = ask(index);
      names.set(index, name);
      return name;
    },
    close: () => socket.close(),
  };
}
