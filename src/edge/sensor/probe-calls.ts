// What this kernel offers beside BPF, found out by asking for it and giving it back at once: fanotify, the process connector, audit, seccomp's listener.
import koffi from "koffi";
import { errnoName, libcLibrary } from "./libbpf.ts";

/** "" when the kernel gave it, else the errno's name. */
export interface CallProbes {
  readonly fanotify: () => string;
  readonly processConnector: () => string;
  readonly audit: () => string;
  readonly seccompNotify: () => string;
}

/** linux/fanotify.h: permission events, closed on exec. */
const FAN_CLOEXEC = 1;
const FAN_CLASS_CONTENT = 4;
const AF_NETLINK = 16;
const SOCK_DGRAM = 2;
const SOCK_CLOEXEC = 0o2000000;
const NETLINK_AUDIT = 9;
const NETLINK_CONNECTOR = 11;
/** linux/cn_proc.h's group of process events, linux/audit.h's group of everybody's log: both are number 1. */
const firstGroup = 1;
const sockaddrNetlinkBytes = 12;
/** seccomp(2): is this action known? The number is the same for every architecture that Node runs on. */
const SECCOMP_GET_ACTION_AVAIL = 2;
const SECCOMP_RET_USER_NOTIF = 0x7fc00000;
const seccompByArchitecture: Readonly<Record<string, number>> = { x64: 317, arm64: 277 };

/** Throws the Fault "sensor/no-library" without libc. */
export function openCallProbes(): CallProbes {
  const library = libcLibrary();
  const close = library.func("int close(int)");
  const fanotifyInit = library.func("int fanotify_init(uint32_t, uint32_t)");
  const socket = library.func("int socket(int, int, int)");
  const bind = library.func("int bind(int, void *, uint32_t)");
  const syscall = library.func("long syscall(long, uint32_t, uint32_t, void *)");
  const outcome = (result: number): string => (result < 0 ? errnoName(koffi.errno()) : "");

  function netlink(protocol: number): string {
    const descriptor = Number(socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, protocol));
    if (descriptor < 0) return outcome(descriptor);
    const address = new DataView(new ArrayBuffer(sockaddrNetlinkBytes));
    address.setUint16(0, AF_NETLINK, true);
    address.setUint32(8, firstGroup, true);
    const answer = outcome(Number(bind(descriptor, new Uint8Array(address.buffer), sockaddrNetlinkBytes)));
    close(descriptor);
    return answer;
  }

  return {
    fanotify: () => {
      const descriptor = Number(fanotifyInit(FAN_CLASS_CONTENT | FAN_CLOEXEC, 0));
      const answer = outcome(descriptor);
      if (descriptor >= 0) close(descriptor);
      return answer;
    },
    processConnector: () => netlink(NETLINK_CONNECTOR),
    audit: () => netlink(NETLINK_AUDIT),
    seccompNotify: () => {
      const number = seccompByArchitecture[process.arch];
      if (number === undefined) return "not known on this architecture";
      return outcome(Number(syscall(number, SECCOMP_GET_ACTION_AVAIL, 0, Uint32Array.of(SECCOMP_RET_USER_NOTIF))));
    },
  };
}
