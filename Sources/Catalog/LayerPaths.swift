// SPDX-License-Identifier: Apache-2.0

/// Where programs look for what the layers of a function have: folders below `/opt` in the variables by which runtimes search.
enum LayerPaths {
    /// The versions whose `site-packages` are looked in where the image does not tell its own in `PYTHON_VERSION`, as the official images do.
    private static let pythons = (8...16).map { "3.\($0)" }

    /// Adds the folders to the variables of a version with layers.
    ///
    /// A variable that image or function sets is left as it is, except that `PATH`, which every image sets, gets its folder behind the image's own:
    /// so a program of a layer is found, and never takes the place of one of the image.
    ///
    /// - Parameters:
    ///   - values: the variables of image and function, merged.
    ///   - function: the function's own.
    /// - Returns: what is to be set anew, in order.
    static func variables(over values: [String: String], function: [String: String]) -> [(name: String, value: String)] {
        var result: [(name: String, value: String)] = []
        if function["PATH"] == nil, let path = values["PATH"], !path.split(separator: ":").contains("/opt/bin") {
            result.append(("PATH", path.isEmpty ? "/opt/bin" : "\(path):/opt/bin"))
        }
        let own = values["PYTHON_VERSION"].map { $0.split(separator: ".").prefix(2).joined(separator: ".") }
        let packages = (own.map { [$0] } ?? pythons).map { "/opt/python/lib/python\($0)/site-packages" }
        let added = [
            ("LD_LIBRARY_PATH", "/opt/lib"), ("PYTHONPATH", (["/opt/python"] + packages).joined(separator: ":")),
            ("NODE_PATH", "/opt/nodejs/node_modules"), ("RUBYLIB", "/opt/ruby/lib"), ("PERL5LIB", "/opt/perl5"),
        ]
        return result + added.filter { values[$0.0] == nil }
    }
}
