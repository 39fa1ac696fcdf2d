/** What the contract tests need of a test framework: vitest and jest have it. */
export interface TestFramework {
  describe(name: string, define: () => void): void
  it(name: string, run: () => void | Promise<void>): void
  // biome-ignore lint/suspicious/noExplicitAny: the matchers of vitest and jest have no common type
  expect: (value: unknown) => any
}
