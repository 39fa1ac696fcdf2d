package docker

test_gold if {
	decision.allow with input as {"image": {"labels": {"org.example.tier": "gold"}}}
}

test_silver if {
	not decision.allow with input as {"image": {"labels": {"org.example.tier": "silver"}}}
}

test_local if {
	decision.allow with input as {"local": {"name": "context"}}
}
