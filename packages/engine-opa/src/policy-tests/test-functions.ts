import type { BuiltinDeclaration } from '@source-policy/rego'
import { HOST_FUNCTIONS, isDigest } from '../host-functions.ts'

/**
 * The host functions as tests call them. `pin_image` takes whatever a test gives for the image: under `with input as` there is
 * no source that it could be compared with.
 */
export const TEST_FUNCTIONS: Readonly<Record<string, BuiltinDeclaration>> = {
  ...HOST_FUNCTIONS,
  pin_image: {
    args: ['any', 'string'],
    result: 'boolean',
    implementation([image, pinned]) {
      if (typeof image !== 'object' || image === null) throw new Error('pin_image: the first argument is no image')
      if (!isDigest(pinned)) throw new Error('pin_image: invalid digest')
      return true
    },
  },
}
