// SPDX-License-Identifier: Apache-2.0
import FunctionModel

extension Console {
    /// What lies in the store, and how much of it would be free were an image removed.
    func images(_ visit: Visit) async throws -> ConsoleAnswer {
        let images = (try await get("/swiftlet/v1/images"))["images"]?.array ?? []
        let largest = max(1, images.map { $0["size"]?.integer ?? 0 }.max() ?? 1)
        let rows: [[String: Any]] = images.map { image in
            let (size, shared) = (image["size"]?.integer ?? 0, image["sharedSize"]?.integer ?? 0)
            let reference = image["reference"]?.string ?? ""
            var svg = SVG(height: 12, label: "\(sizeWords(size - shared)) of its own, \(sizeWords(shared)) shared")
            let scale = 100 / Double(largest)
            svg.bar("track", x: 0, y: 0, width: 100, height: 12)
            svg.bar("warm", x: 0, y: 0, width: Double(size - shared) * scale, height: 12, title: "of its own")
            svg.bar("cold", x: Double(size - shared) * scale, y: 0, width: Double(shared) * scale, height: 12, title: "shared")
            return [
                "reference": reference, "digest": String((image["digest"]?.string ?? "").prefix(19)),
                "created": timeWords(image["createdTime"]?.string), "layers": image["layers"]?.integer ?? 0, "size": sizeWords(size),
                "shared": sizeWords(shared), "unique": sizeWords(image["uniqueSize"]?.integer ?? 0), "picture": svg.markup,
            ]
        }
        let layers = try await layerRows()
        return try pages.page(
            "images", title: "Images", visit,
            ["images": rows, "isEmpty": rows.isEmpty, "layers": layers, "hasLayers": !layers.isEmpty])
    }

    /// A row for the newest version of each layer, and for each older one that a function has. The bytes of a version that two or more functions have
    /// are shared: they lie on the disk once, and none of these functions frees them by going.
    private func layerRows() async throws -> [[String: Any]] {
        let functions = try await list("/2023-03-30/functions", "functions")
        let held = functions.flatMap { Set(($0["layers"]?.array ?? []).map(Self.layerVersion)) }
        let holders = held.reduce(into: [:]) { counts, version in counts[version, default: 0] += 1 }
        var rows: [[String: Any]] = []
        for layer in try await list("/2023-03-30/layers", "layers") {
            let name = layer["layerName"]?.string ?? ""
            let older = try await list("/2023-03-30/layers/\(Self.escape(name))/versions", "layers")
                .filter { $0["version"] != layer["version"] && holders[Self.versionName(name, $0)] != nil }
            for version in [layer] + older {
                let (size, count) = (version["codeSize"]?.integer ?? 0, holders[Self.versionName(name, version)] ?? 0)
                rows.append([
                    "name": name, "functions": count, "version": version["version"]?.integer ?? 0, "size": sizeWords(size),
                    "unique": sizeWords(count > 1 ? 0 : size), "shared": sizeWords(count > 1 ? size : 0),
                    "created": timeWords(version["createTime"]?.string), "description": version["description"]?.string ?? "",
                ])
            }
        }
        return rows
    }

    private static func versionName(_ layer: String, _ version: JSONValue) -> String {
        "\(layer)/versions/\(version["version"]?.integer ?? 0)"
    }

    /// Of a function's layer, which is named by its version's resource name: `acs:fc:REGION:ACCOUNT:layers/NAME/versions/NUMBER`.
    private static func layerVersion(_ layer: JSONValue) -> String {
        layerWords(layer).split(separator: "/").dropFirst().joined(separator: "/")
    }
}
