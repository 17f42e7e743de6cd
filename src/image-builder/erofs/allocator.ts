import { BLOCK_SIZE, roundUp, SLOT_SIZE } from './format.ts';

/**
 * Places inodes with what follows them (xattrs, inline data) in the metadata area. A record that fits into a block
 * never crosses one (the kernel refuses inline data that does); it goes into the fullest block that still has room.
 */
export class SlotAllocator {
  /** Blocks by how many free slots they have, most recently touched last. */
  readonly #open: number[][] = Array.from({ length: BLOCK_SIZE / SLOT_SIZE + 1 }, () => []);
  #blocks = 0;

  /** @param reserved bytes at the start of the area that are taken, less than a block */
  constructor(reserved: number) {
    this.#blocks = 1;
    this.#release(0, roundUp(reserved, SLOT_SIZE));
  }

  /** How many blocks the area has. */
  get blocks(): number {
    return this.#blocks;
  }

  /** The byte offset in the area for a record of `size` bytes. */
  place(size: number): number {
    const slots = Math.ceil(size / SLOT_SIZE);
    for (let free = slots; free < this.#open.length; free += 1) {
      const block = this.#open[free]?.pop();
      if (block === undefined) continue;
      const at = BLOCK_SIZE - free * SLOT_SIZE;
      this.#release(block, at + slots * SLOT_SIZE);
      return block * BLOCK_SIZE + at;
    }
    const start = this.#blocks;
    this.#blocks += Math.ceil(size / BLOCK_SIZE);
    this.#release(this.#blocks - 1, roundUp(size, SLOT_SIZE) - (this.#blocks - 1 - start) * BLOCK_SIZE);
    return start * BLOCK_SIZE;
  }

  #release(block: number, usedTo: number): void {
    const free = (BLOCK_SIZE - usedTo) / SLOT_SIZE;
    if (free > 0) this.#open[free]?.push(block);
  }
}
