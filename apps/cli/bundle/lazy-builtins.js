import { createRequire } from 'node:module'
import { promisify } from 'node:util'

const require = createRequire(import.meta.url)

/**
 * Loads modules of Node on the first call of one of their functions. As imports of the one file all of them would be
 * loaded at the start, also those that only what is loaded on first use needs.
 */
export function lazyBuiltins() {
  return {
    name: 'lazy-builtins',
    resolveId: {
      filter: { id: /^node:/ },
      handler(id, importer, { kind }) {
        if (kind === 'import-statement') return `\0builtin:${id}`
        // starting programs is what it could do with subcommands that we do not have
        if (kind === 'require-call' && /[\\/]commander[\\/]/.test(importer)) return `\0required:${id}`
      },
    },
    load: {
      filter: { id: /^\0(?:builtin|required):/ },
      handler(id) {
        const [, kind, name] = /^\0(builtin|required):(.*)$/.exec(id)
        const builtin = `process.getBuiltinModule(${JSON.stringify(name)})`
        if (kind === 'required') return `module.exports = new Proxy({}, { get: (_, key) => ${builtin}[key] })`
        const members = Object.entries(require(name)).filter(([key]) => key !== 'default')
        return [
          `export default /* @__PURE__ */ ${builtin}`,
          ...members.map(([key, member]) => {
            const value = isPlainFunction(key, member)
              ? `(...args) => ${builtin}.${key}(...args)`
              : `/* @__PURE__ */ (() => ${builtin}.${key})()`
            return `const ${key}_ = ${value}\nexport { ${key}_ as ${key} }`
          }),
        ].join('\n')
      },
    },
  }
}

/** Neither a class nor a function that carries more than what calling it does. */
function isPlainFunction(key, member) {
  if (typeof member !== 'function' || !/^[a-z]/.test(key)) return false
  return !(promisify.custom in member) && Object.keys(member).length === 0
}
