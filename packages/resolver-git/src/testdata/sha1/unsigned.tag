object 457ff0066b10e65af20b385d1bfd452e268f646c
type commit
tag unsigned
tagger Ada Example <ada@example.test> 1717243200 +0200

unsigned tag
