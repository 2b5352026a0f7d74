// SPDX-License-Identifier: Apache-2.0

import ChildProcess
import Foundation
import SystemPackage
import TestKernels

/// What a scripted server answers at one path. The first route that fits a request and is not used up answers it.
public struct Route: Codable, Sendable {
    public var path: String
    public var method = "GET"
    public var status = 200
    /// `{port}` in them is the server's port.
    public var headers: [String: String] = [:]
    public var body: Data = Data()
    /// How often it answers; nil for always.
    public var times: Int?
    /// Headers that the request must have.
    public var onlyWith: [String: String] = [:]
    /// After so many bytes of the body the connection is closed.
    public var cutAfter: Int?
    /// After the body it goes on, without an end.
    public var isEndless = false
    /// The body goes byte by byte, twenty in a second.
    public var isDripping = false
    public var knowsRanges = true

    public init(_ path: String, _ body: some Sequence<UInt8> = []) {
        self.path = path
        self.body = Data(body)
    }

    public init(_ path: String, _ text: String) { self.init(path, text.utf8) }

    /// A copy of it with changes.
    public func with(_ change: (inout Route) -> Void) -> Route {
        var copy = self
        change(&copy)
        return copy
    }
}

/// A web server that does what its routes say, be it wrong, and writes down what it was asked. As a proxy it is itself
/// whatever it is asked to lead to.
public struct ScriptedServer: Sendable {
    public struct Request: Codable, Sendable, Equatable {
        public let method: String
        /// With what follows the question mark.
        public let path: String
        /// Names in small letters.
        public let headers: [String: String]
        public let body: String
        /// The port that it came from: one for each connection.
        public let client: Int
    }

    public let port: Int
    private let log: FilePath

    public var requests: [Request] {
        get throws {
            let text = (try? String(contentsOfFile: log.string, encoding: .utf8)) ?? ""
            return try text.split(separator: "\n").map { try JSONDecoder().decode(Request.self, from: Data($0.utf8)) }
        }
    }

    /// What was asked at this path.
    public func requests(at path: String) throws -> [Request] {
        try requests.filter { $0.path.prefix { $0 != "?" } == path }
    }

    /// Serves while `body` runs.
    ///
    /// - Parameter folder: the server's own.
    public static func with<Result: Sendable>(
        _ routes: [Route],
        in folder: FilePath,
        _ body: @escaping @Sendable (ScriptedServer) async throws -> Result
    ) async throws -> Result {
        let script = folder.appending("routes-\(UUID().uuidString).json")
        let log = FilePath("\(script).log")
        try JSONEncoder().encode(routes).write(to: URL(filePath: script.string))
        let command = Command("python3", ["-u", "-c", program, script.string, log.string])
        return try await LoopbackServer.with(command, port: { Int($0.trimmingCharacters(in: .whitespacesAndNewlines)) })
        {
            try await body(ScriptedServer(port: $0, log: log))
        }
    }

    private static let program = """
        import base64, http.server, json, re, sys, time
        routes = json.load(open(sys.argv[1]))
        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = 'HTTP/1.1'
            def log_message(self, *words):
                pass
            def note(self):
                length = int(self.headers.get('Content-Length', 0))
                asked = self.rfile.read(length).decode()
                headers = {name.lower(): value for name, value in self.headers.items()}
                with open(sys.argv[2], 'a') as log:
                    log.write(json.dumps(dict(method=self.command, path=self.path, headers=headers, body=asked,
                                              client=self.client_address[1])) + '\\n')
                return headers
            def answer(self):
                headers = self.note()
                for route in routes:
                    if route['path'] not in (self.path, self.path.split('?')[0]) or route['method'] != self.command:
                        continue
                    if any(headers.get(name.lower()) != value for name, value in route['onlyWith'].items()):
                        continue
                    if route.get('times') == 0:
                        continue
                    if route.get('times'):
                        route['times'] -= 1
                    return self.give(route)
                self.send_response(404)
                self.send_header('Content-Length', '0')
                self.end_headers()
            do_GET = do_POST = answer
            def do_CONNECT(self):
                self.note()
                self.send_response(200)
                self.end_headers()
            def give(self, route):
                body, start = base64.b64decode(route['body']), 0
                match = re.match(r'bytes=(\\d+)-', self.headers.get('Range', ''))
                status = route['status']
                if match and route['knowsRanges'] and status == 200:
                    start, status = int(match.group(1)), 206
                self.send_response(status)
                if status == 206:
                    self.send_header('Content-Range', 'bytes %d-%d/%d' % (start, len(body) - 1, len(body)))
                body = body[start:]
                for name, value in route['headers'].items():
                    self.send_header(name, value.replace('{port}', str(self.server.server_address[1])))
                if route['isEndless']:
                    self.close_connection = True
                    self.send_header('Connection', 'close')
                else:
                    self.send_header('Content-Length', str(len(body)))
                self.end_headers()
                if route.get('cutAfter') is not None:
                    body = body[:route['cutAfter']]
                    self.close_connection = True
                try:
                    for place in range(len(body)) if route['isDripping'] else ():
                        self.wfile.write(body[place:place + 1])
                        time.sleep(0.05)
                    if not route['isDripping']:
                        self.wfile.write(body)
                    while route['isEndless']:
                        self.wfile.write(bytes(1 << 16))
                except OSError:
                    self.close_connection = True
        server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)
        print(server.server_address[1])
        server.serve_forever()
        """
}
