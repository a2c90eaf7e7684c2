// Rows that wait for their workload's name: what each is, when it is complete, and how it is completed. The pipeline holds them, two seconds at most.
import type { AddressBook } from "../../core/directory/address-book.ts";
import { remoteEndOf, type RemoteQuestion } from "../../core/directory/remote-end.ts";
import type { Row } from "../../model/table.ts";
import type { Outbox } from "./outbox.ts";
import { peerColumns } from "./peers.ts";
import type { SubjectCell } from "./subjects.ts";

type LateTable = "process_events" | "dns_events" | "security_events";

export type LateRow =
  | {
      readonly [Name in LateTable]: { readonly table: Name; readonly row: Row<Name>; readonly cell: SubjectCell };
    }[LateTable]
  | {
      readonly table: "http_events";
      readonly row: Row<"http_events">;
      readonly cell: SubjectCell;
      /** To be asked of the book when no process of this machine is known at the other end. */
      readonly peer: RemoteQuestion | undefined;
    };

/** Nothing more will be known of it by waiting. */
export function isComplete(late: LateRow, book: AddressBook | undefined): boolean {
  if (late.cell.isPending) return false;
  const question = late.table === "http_events" ? late.peer : undefined;
  return question === undefined || !remoteEndOf(book, question).isOnItsWay;
}

/** Puts in what is known by now, and sends it on. */
export function sendLate(late: LateRow, book: AddressBook | undefined, outbox: Pick<Outbox, "push">): void {
  Object.assign(late.row, late.cell.subject);
  switch (late.table) {
    case "process_events":
      return outbox.push(late.table, late.row);
    case "dns_events":
      return outbox.push(late.table, late.row);
    case "security_events":
      return outbox.push(late.table, late.row);
    case "http_events":
      if (late.peer !== undefined) {
        Object.assign(late.row, peerColumns(remoteEndOf(book, late.peer), late.peer.port !== 0));
      }
      return outbox.push(late.table, late.row);
  }
}
