export { ENGINE_BEHAVIOURS, type EngineBehaviour, type TestEngineOptions, testEngine } from './test-engine.ts'
export type { TestFramework } from './test-framework.ts'
export { type ResolverFixture, type Spoiling, type TestResolverOptions, testResolver } from './test-resolver.ts'
