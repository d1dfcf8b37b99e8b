package main

import (
	"encoding/json"
	"fmt"
	"os"
)

// readReports puts together what several runs wrote as JSON. Of the budget and
// of fairness the last one counts that was measured.
func readReports(files []string) (*report, error) {
	all := &report{OK: true}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		one := &report{}
		if err := json.Unmarshal(content, one); err != nil {
			return nil, fmt.Errorf("%s is no report of the benchmark: %w", file, err)
		}
		all.OK = all.OK && one.OK
		all.Results, all.Stray = append(all.Results, one.Results...), append(all.Stray, one.Stray...)
		if one.Budget != nil {
			all.Budget = one.Budget
		}
		if one.Fair != nil {
			all.Fair = one.Fair
		}
	}
	return all, nil
}
