/** Arrays and objects that have something unknown inside, at any depth. */
export class OpenValues {
  #values: WeakSet<object> | undefined

  add(value: object): void {
    this.#values ??= new WeakSet()
    this.#values.add(value)
  }

  has(value: object): boolean {
    return this.#values?.has(value) ?? false
  }
}
