/** A binary heap: what is due first is on top. Each thing stands in it as often as it was added. */
export class Deadlines<T> {
  private readonly heap: { readonly at: number; readonly thing: T }[] = [];

  get size(): number {
    return this.heap.length;
  }

  add(thing: T, at: number): void {
    const { heap } = this;
    let place = heap.push({ at, thing }) - 1;
    while (place > 0) {
      const above = (place - 1) >> 1;
      if (this.at(above) <= this.at(place)) break;
      this.swap(place, above);
      place = above;
    }
  }

  /** Takes out all that is due, the earliest first. */
  take(now: number): readonly T[] {
    const due: T[] = [];
    while (this.heap.length > 0 && this.at(0) <= now) due.push(this.first());
    return due;
  }

  private first(): T {
    const { heap } = this;
    this.swap(0, heap.length - 1);
    const taken = heap.pop();
    if (taken === undefined) throw new RangeError("nothing is due");
    for (let place = 0; ;) {
      const least = [2 * place + 1, 2 * place + 2].reduce((a, b) => (this.at(b) < this.at(a) ? b : a), place);
      if (least === place) return taken.thing;
      this.swap(place, least);
      place = least;
    }
  }

  private at(place: number): number {
    return this.heap[place]?.at ?? Number.POSITIVE_INFINITY;
  }

  private swap(a: number, b: number): void {
    const { heap } = this;
    const [one, other] = [heap[a], heap[b]];
    if (one === undefined || other === undefined) return;
    heap[a] = other;
    heap[b] = one;
  }
}
