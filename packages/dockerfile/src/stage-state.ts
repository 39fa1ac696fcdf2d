import type { Platform, Source } from '@source-policy/core'
import type { Content } from './content.ts'
import { contentOf } from './content.ts'
import { createEnvironment, type Environment } from './environment.ts'
import type { Command } from './instruction.ts'
import type { NamedContext } from './named-context.ts'
import type { BaseConfig, Place, Role } from './types.ts'

/** A command of a stage with the stages or images that it takes files from. */
export interface BoundCommand {
  readonly command: Command
  readonly from: readonly StageState[]
}

/**
 * A stage while a build is followed through, or an image that COPY or a mount names, which is a stage without commands.
 * Members that change do so once: when the base is resolved, and when the commands are followed.
 */
export interface StageState {
  /** Empty where the stage has none. */
  readonly name: string
  readonly place: Place
  readonly role: Role
  /** Whether COPY or a mount named it: no FROM does. */
  readonly isImage: boolean
  /** What replaces the stage. */
  readonly replacement?: NamedContext
  /** The image, as written and later in full. */
  baseName: string
  /** The stage that FROM names. */
  base?: StageState
  platform?: Platform
  readonly dependencies: Set<StageState>
  commands: BoundCommand[]
  /** Whether it has an index. */
  isListed: boolean
  isResolved: boolean
  isDone: boolean
  inheritsTriggers: boolean
  /** The image at the root of it, and what is known of its configuration. */
  root?: Source
  config: BaseConfig | undefined
  content: Content
  /** What commands see: variables of the image, ENV and ARG. */
  environment: Environment
  /** What the image would have: variables of the image and ENV. Stages on top start from it. */
  imageEnvironment: Environment
  /** Undefined where the image decides. */
  workdir: string | undefined
}

export function createStageState(
  options: Pick<StageState, 'name' | 'place' | 'role' | 'isImage' | 'baseName' | 'replacement' | 'platform'>,
): StageState {
  return {
    ...options,
    dependencies: new Set(),
    commands: [],
    isListed: false,
    isResolved: false,
    isDone: false,
    inheritsTriggers: false,
    config: {},
    content: contentOf(),
    environment: createEnvironment(false),
    imageEnvironment: createEnvironment(false),
    workdir: '/',
  }
}
