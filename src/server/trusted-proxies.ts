import { BlockList, isIP } from "node:net";

/** Addresses whose X-Forwarded-For is believed. */
export class TrustedProxies {
  readonly #list = new BlockList();

  /** Addresses or CIDR ranges. Throws `TypeError`. */
  constructor(ranges: readonly string[]) {
    for (const range of ranges) this.#add(range);
  }

  has(address: string): boolean {
    // Sockets that listen on both families show IPv4 as a part of IPv6 (RFC 4291 §2.5.5.2).
    const plain = address.replace(/^::ffff:(?=\d+\.)/i, "");
    const version = isIP(plain);
    return version !== 0 && this.#list.check(plain, version === 4 ? "ipv4" : "ipv6");
  }

  #add(range: string): void {
    const [address = "", prefix] = range.split("/");
    const version = isIP(address);
    const bits = prefix === undefined ? undefined : Number(prefix);
    const bitsMax = version === 4 ? 32 : 128;
    const isRange = bits === undefined || (/^\d{1,3}$/.test(prefix ?? "") && bits <= bitsMax);
    if (version === 0 || !isRange)
      throw new TypeError(
        `an IP address or a range such as 10.0.0.0/8 is expected, got ${JSON.stringify(range)}`,
      );
    const family = version === 4 ? "ipv4" : "ipv6";
    if (bits === undefined) this.#list.addAddress(address, family);
    else this.#list.addSubnet(address, bits, family);
  }
}
