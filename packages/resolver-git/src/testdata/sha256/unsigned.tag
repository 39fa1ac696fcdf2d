object 4e20bd8659811d1c8e5db3d376a1f81762bce6e722616d5a78726d09d3fd7450
type commit
tag unsigned
tagger Ada Example <ada@example.test> 1717243200 +0200

unsigned tag
