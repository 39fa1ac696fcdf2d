package bench

by_team := {team: names |
	some item in input.items
	team := item.team
	names := {other.name | some other in input.items; other.team == team}
}

totals := {team: sum([item.cost | some item in input.items; item.team == team]) | some team, _ in by_team}

expensive := {team | some team, total in totals; total > 100}

pairs := [[a.name, b.name] | some a in input.items; some b in input.items; a.cost < b.cost; a.team == b.team; a.tier == "gold"]

result := {"teams": by_team, "totals": totals, "expensive": expensive, "pairs": count(pairs)}
