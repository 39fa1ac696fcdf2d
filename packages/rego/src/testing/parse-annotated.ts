import type { Module } from '../ast.ts'
import { joinErrors } from '../error.ts'
import { maxErrors } from '../limits.ts'
import { readAnnotations } from '../parser/annotations.ts'
import { parseModule } from '../parser/module.ts'
import type { ParseOptions } from '../parser/state.ts'

/** The module, its `# METADATA` blocks held to their form as `opa check` does. */
export function parseAnnotated(file: string, text: string, options: ParseOptions = {}): Module {
  const module = parseModule(file, text, options)
  const { errors } = readAnnotations(module)
  if (errors.length > 0) throw joinErrors(errors.slice(0, maxErrors))
  return module
}
