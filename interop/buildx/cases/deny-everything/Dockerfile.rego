package docker



decision := {"allow": false, "deny_msg": ["nothing may be used"]}
