package bench

mean := sum(input.values) / count(input.values)

deviations := [squared |
	some value in input.values
	squared := (value - mean) * (value - mean)
]

variance := sum(deviations) / (count(deviations) - 1)

outliers contains index if {
	some index, value in input.values
	abs(value - mean) > 30
	value % 2 == 0
}

series := [y |
	some x in numbers.range(1, 60)
	y := ((x * x) + (3 * x)) - 7
]

result := {
	"mean": round(mean),
	"spread": round(variance),
	"outliers": count(outliers),
	"series": sum(series),
	"largest": max(series),
}
