#!/usr/bin/env node
import { main } from './main.ts'
import { processIO } from './process-io.ts'

// whatever ends the process before there is a verdict must not look like one
process.exitCode = 2
process.exitCode = await main(process.argv.slice(2), processIO())
