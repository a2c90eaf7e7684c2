// The server's own directory of each cluster, for rows that come without an agent: made from the hub when the first such row comes, then kept.
import type { Clock } from "../../../base/clock.ts";
import { createAddressBook, type AddressBook } from "../../../core/directory/address-book.ts";
import type { IdentitySource } from "../../../core/directory/identity-source.ts";

export interface Books {
  /** undefined: nobody keeps an inventory of this cluster. */
  of(cluster: string): AddressBook | undefined;
}

/** Lives as long as the hub does. */
export function createBooks(identities: IdentitySource, clock: Clock): Books {
  const books = new Map<string, AddressBook>();
  identities.onChange((cluster, { put, ended }) => {
    const book = books.get(cluster);
    if (book === undefined) return;
    const because = identities.snapshot(cluster)?.because;
    if (because === undefined) books.delete(cluster);
    else {
      const news = { put: [...put], ended: [...ended], because };
      book.apply({ type: "identities", first: false, last: false, inventory: "kept", ...news }, clock.nowMs());
    }
  });
  return {
    of(cluster) {
      const known = books.get(cluster);
      if (known !== undefined) return known;
      const snapshot = identities.snapshot(cluster);
      if (snapshot === undefined) return undefined;
      const book = createAddressBook({ createdMs: clock.nowMs() });
      const past = snapshot.ended ?? [];
      const whole = {
        put: [...past.map(({ entry }) => entry), ...snapshot.entries],
        ended: past.map(({ entry: { key }, atMs }) => ({ key, atMs })),
        because: snapshot.because,
      };
      book.apply({ type: "identities", first: true, last: true, inventory: "kept", ...whole }, clock.nowMs());
      books.set(cluster, book);
      return book;
    },
  };
}
