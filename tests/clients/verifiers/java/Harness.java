import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;

import com.nimbusds.jose.util.JSONArrayUtils;
import com.nimbusds.jose.util.JSONObjectUtils;

/** Runs the generated verifiers over tokens and prints what each made of each token. */
public class Harness {
    public static void main(String[] arguments) throws Exception {
        var results = new HashMap<String, Object>();
        for (var element : JSONArrayUtils.parse(Files.readString(Path.of(arguments[0])))) {
            var test = (Map<?, ?>) element;
            var module = (String) test.get("module");
            var outcomes = new HashMap<String, Object>();
            results.put(module, outcomes);
            for (var token : ((Map<?, ?>) test.get("tokens")).entrySet()) {
                outcomes.put((String) token.getKey(), outcome(module, (String) token.getValue()));
            }
        }
        System.out.println(JSONObjectUtils.toJSONString(results));
    }

    private static final Map<String, Object> VERIFIERS = new HashMap<>();

    private static String outcome(String module, String token) {
        try {
            var type = Class.forName(module + ".Verifier");
            if (!VERIFIERS.containsKey(module)) {
                VERIFIERS.put(module, type.getConstructor().newInstance());
            }
            var claims = (Map<?, ?>) type.getMethod("verify", String.class).invoke(VERIFIERS.get(module), token);
            return claims.get("sub") == null ? "no subject" : "ok";
        } catch (ReflectiveOperationException failure) {
            return String.valueOf(failure.getCause() == null ? failure : failure.getCause());
        }
    }
}
