package docker

default allow := false

allow if input.local

allow if input.image.fullRepo in load_json("allowed.json").repositories

decision := {"allow": allow}
