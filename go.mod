module cleartap

go 1.25.0
