export { BakeError, type BakeErrorCode } from './error.ts'
export { linksOf, readBake } from './read-bake.ts'
export type { Bake, BakeTarget, PolicyEntry, ReadBakeOptions } from './types.ts'
