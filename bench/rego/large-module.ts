/**
 * A module of a thousand lines, as large policies look: a section for each of some thirty checks, in which a set of messages,
 * a rule with a default, functions (one with `else`), a comprehension, `every`, `not` and constants lean on one another.
 * Names and constants differ from section to section; comments and empty lines are counted.
 */
export function largeModule(lines = 1_000): string {
  const text = head.split('\n')
  for (let number = 0; text.length + sectionLines <= lines; number++) text.push(...section(number).split('\n'))
  // what is left is filled with constants
  for (let number = 0; text.length < lines; number++) text.push(`constant_${number} := ${number * 7}`)
  return `${text.join('\n')}\n`
}

const head = `# Admission policy for workloads.
package large

import data.exemptions
import input.request.object as workload

default allow := false

# Nothing may go in while a message is left.
allow if count(deny) == 0

containers contains container if some container in workload.spec.containers

containers contains container if some container in workload.spec.initContainers`

const section = (number: number) => `
# Check ${number}: images of team ${number}.
registries_${number} := {"registry-${number}.example.com", "mirror-${number}.example.com"}

deny contains msg if {
	some container in containers
	container.labels.team == "team-${number}"
	not trusted_${number}(container.image)
	msg := sprintf("container %s of team %d uses %s", [container.name, ${number}, container.image])
}

owners_${number} := {user |
	some user, teams in exemptions.owners
	"team-${number}" in teams
}

trusted_${number}(image) if {
	some registry in registries_${number}
	startswith(image, concat("", [registry, "/"]))
}

tier_${number}(cost) := "high" if cost > ${number * 100}

else := "middle" if cost > ${number * 10}

else := "low"

default ready_${number} := false

ready_${number} if {
	owners_${number}[input.request.user]
	every container in containers {
		container.resources.limits.memory <= ${number} * 1024
	}
}`

const sectionLines = section(0).split('\n').length
