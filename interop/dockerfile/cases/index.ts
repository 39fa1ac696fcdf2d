import type { Case } from '../case.ts'
import { downloads, repositories } from './add.ts'
import { declaredArguments, expansion } from './arguments.ts'
import { contexts, mainContexts } from './contexts.ts'
import { mounts, stages } from './stages.ts'
import { syntax } from './syntax.ts'
import { heredocs, text } from './text.ts'
import { others, triggers } from './triggers.ts'
import { windowsImages } from './windows.ts'

/** Builds written by hand, by topic. */
export const cases: readonly Case[] = [
  ...syntax,
  ...text,
  ...heredocs,
  ...declaredArguments,
  ...expansion,
  ...stages,
  ...mounts,
  ...downloads,
  ...repositories,
  ...contexts,
  ...mainContexts,
  ...triggers,
  ...others,
  ...windowsImages,
]
