export interface Program {
  readonly name: string
  readonly modules: Readonly<Record<string, string>>
  readonly query: string | undefined
  readonly strict: boolean
}

export function readPrograms(folder: string): readonly Program[]
