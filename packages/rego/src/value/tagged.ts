/** The common root of the value classes: one `instanceof` tells them from a plain JSON object, whatever its keys are. */
export abstract class TaggedValue {
  abstract readonly tag: 'number' | 'object' | 'set' | 'hole'
}
