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
        let used = try await list("/2023-03-30/functions", "functions").map { ($0["layers"]?.array ?? []).map(Self.layerName) }
        let layers = try await list("/2023-03-30/layers", "layers").map { layer -> [String: Any] in
            let name = layer["layerName"]?.string ?? ""
            return [
                "name": name, "functions": used.count { $0.contains(name) }, "version": layer["version"]?.integer ?? 0,
                "size": sizeWords(layer["codeSize"]?.integer ?? 0), "created": timeWords(layer["createTime"]?.string),
                "description": layer["description"]?.string ?? "",
            ]
        }
        return try pages.page(
            "images", title: "Images", visit,
            ["images": rows, "isEmpty": rows.isEmpty, "layers": layers, "hasLayers": !layers.isEmpty])
    }

    /// Of a function's layer, which is named by its version's resource name: `acs:fc:REGION:ACCOUNT:layers/NAME/versions/NUMBER`.
    private static func layerName(_ layer: JSONValue) -> String {
        let parts = layerWords(layer).split(separator: "/")
        return parts.count > 1 ? String(parts[1]) : ""
    }
}
