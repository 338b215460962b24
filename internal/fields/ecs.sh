#!/usr/bin/env bash
# Writes ecs.txt: the name and type of each field of the Elastic Common Schema, from
# the npm package @elastic/ecs. Run by hand when the version changes; needs npm and node.
set -euo pipefail
version=8.11.5
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm pack --silent "@elastic/ecs@$version" >/dev/null
tar xzf ./*.tgz
{
	echo "# Names and types of the fields of ECS, of npm's @elastic/ecs $version; made by ecs.sh."
	node -e '
		const {EcsFlat} = require("./package/generated/ecs_flat.js");
		for (const name of Object.keys(EcsFlat).sort()) console.log(name + " " + EcsFlat[name].type);'
} >"$here/ecs.txt"
