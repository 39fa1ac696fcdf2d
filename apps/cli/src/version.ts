/** Put in when the command is bundled. */
declare const SOURCE_POLICY_VERSION: string | undefined

export const VERSION = typeof SOURCE_POLICY_VERSION === 'string' ? SOURCE_POLICY_VERSION : '0.0.0-source'
