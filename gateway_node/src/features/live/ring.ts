// The newest events of a log, by their place in it, so that sockets read them at their own pace and resume where they were.

export type RingEntry = { offset: number; jobId: string; json: string }

export class Ring {
  readonly #capacity: number
  readonly #slots: (RingEntry & { bytesBefore: number })[] = []
  #start = 0
  #end = 0
  #bytes = 0
  /** The last offset that is gone; what follows it is all here. */
  #floorOffset: number | undefined

  constructor(capacity: number) {
    this.#capacity = capacity
  }

  /** The positions of the oldest entry and of the one that comes next. They only grow, offsets may begin anew. */
  get start(): number {
    return this.#start
  }

  get end(): number {
    return this.#end
  }

  add(entry: RingEntry): void {
    this.#floorOffset ??= entry.offset - 1
    if (this.#end - this.#start === this.#capacity) {
      this.#floorOffset = this.at(this.#start).offset
      this.#start += 1
    }
    this.#slots[this.#end % this.#capacity] = { ...entry, bytesBefore: this.#bytes }
    this.#bytes += Buffer.byteLength(entry.json)
    this.#end += 1
  }

  at(position: number): RingEntry & { bytesBefore: number } {
    const entry = position >= this.#start && position < this.#end ? this.#slots[position % this.#capacity] : undefined
    if (entry === undefined) throw new RangeError(`The ring holds ${this.#start} to ${this.#end}, not ${position}.`)
    return entry
  }

  /** How much has been added from a position on. */
  bytesFrom(position: number): number {
    return position >= this.#end ? 0 : this.#bytes - this.at(position).bytesBefore
  }

  /** The position of the first entry after an offset; undefined where entries in between are gone. */
  positionAfter(offset: number): number | undefined {
    if (this.#floorOffset === undefined || offset < this.#floorOffset) return undefined
    let low = this.#start
    let high = this.#end
    while (low < high) {
      const middle = Math.floor((low + high) / 2)
      if (this.at(middle).offset <= offset) low = middle + 1
      else high = middle
    }
    return low
  }

  /** The log begins anew: what is here belongs to no log any more. */
  clear(): void {
    this.#start = this.#end
    this.#floorOffset = undefined
  }
}
