/** To be filled member by member: to spread into a literal each one that is there takes many times as long. */
export type Mutable<T> = { -readonly [Member in keyof T]: T[Member] }
