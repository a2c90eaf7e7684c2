// One transaction of nf_tables: messages between a begin and an end, taken by the kernel as a whole or not at all. Remembers what each message is
// about, so that a refusal names the object.
import { Fault } from "../../../base/fault.ts";
import { BATCH_BEGIN, BATCH_END, BATCH_GENID, generalHeader, inetHeader, subsystem, typeOf } from "./constants.ts";
import { errnoName, errnos } from "./netlink/libc.ts";
import { NLM_F_ACK, NLM_F_REQUEST, type Answer, type NetlinkSocket } from "./netlink/socket.ts";
import { createWriter, type NetlinkWriter } from "./netlink/writer.ts";

export interface Batch {
  readonly writer: NetlinkWriter;
  /** Begins a message of nf_tables about an object, e.g. "chain gr_a: rule 3". Ends the one before. */
  about(kind: number, flags: number, object: string): void;
  /** Number of messages so far, without begin and end. */
  readonly size: number;
  /**
   * Sends the transaction. With `generation` it is refused with "dataplane/changed" when anybody changed any rule since then.
   * Throws "dataplane/refused" (`where` is the object, the kernel's error in the message) and "dataplane/netlink".
   */
  send(socket: NetlinkSocket): void;
}

/** Errors that say our idea of what is in the kernel is wrong, not that an object is bad. */
const disagreeing: readonly number[] = [errnos.ENOENT, errnos.EEXIST, errnos.EBUSY];
const namedMax = 3;

/** An empty transaction; `generation` is what the kernel's rules must still be at, `bytesGuess` how large it will be. */
export function createBatch(generation?: number, bytesGuess = 16 * 1024): Batch {
  const writer = createWriter(bytesGuess);
  /** By sequence number - 1. */
  const objects: string[] = ["the transaction"];
  writer.begin(BATCH_BEGIN, NLM_F_REQUEST, generalHeader(0, subsystem.nftables));
  if (generation !== undefined) writer.u32be(BATCH_GENID, generation);
  return {
    writer,
    about: (kind, flags, object) => {
      writer.end();
      writer.begin(typeOf(kind), NLM_F_REQUEST | flags, inetHeader);
      objects.push(object);
    },
    get size() {
      return objects.length - 1;
    },
    send: (socket) => {
      writer.end();
      // The last message asks for an answer: no error and no answer would mean that nothing was read.
      const asked = writer.count;
      markLast(writer);
      writer.begin(BATCH_END, NLM_F_REQUEST, generalHeader(0, subsystem.nftables));
      writer.end();
      judge(socket.request(writer.take()).answers, { objects, asked });
    },
  };
}

/** Sets the flag "answer me" in the last message's header. */
function markLast(writer: NetlinkWriter): void {
  const bytes = writer.take();
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  let last = 0;
  while (at < bytes.length) {
    last = at;
    at += (view.getUint32(at, true) + 3) & ~3;
  }
  view.setUint16(last + 6, view.getUint16(last + 6, true) | NLM_F_ACK, true);
}

function judge(
  answers: readonly Answer[],
  sent: { readonly objects: readonly string[]; readonly asked: number },
): void {
  const errors = answers.filter((answer) => answer.errno !== 0);
  const [first] = errors;
  if (first === undefined) {
    if (answers.some((answer) => answer.sequence === sent.asked)) return;
    throw new Fault("the kernel did not answer to a transaction", { code: "dataplane/netlink", kind: "unavailable" });
  }
  if (errors.some((error) => error.errno === errnos.ERESTART)) {
    throw new Fault("somebody else changed the kernel's rules meanwhile", {
      code: "dataplane/changed",
      kind: "conflict",
      retryAfterMs: 1,
    });
  }
  const named = errors.slice(0, namedMax).map((error) => {
    const object = sent.objects[error.sequence - 1] ?? "the transaction";
    return `${object}: ${errnoName(error.errno)}${error.text === "" ? "" : ` (${error.text})`}`;
  });
  const more = errors.length > namedMax ? `, and ${errors.length - namedMax} more` : "";
  throw new Fault(`the kernel refused ${named.join("; ")}${more}`, {
    code: errors.every((error) => disagreeing.includes(error.errno)) ? "dataplane/disagrees" : "dataplane/refused",
    kind: first.errno === errnos.EPERM ? "forbidden" : "conflict",
    where: sent.objects[first.sequence - 1] ?? "",
    ...(first.errno === errnos.EPERM ? { hint: "Enforcement needs CAP_NET_ADMIN in the network namespace." } : {}),
  });
}
