#ifndef XR_UNIT_H
#define XR_UNIT_H

#include <check.h>
#include <stdlib.h>

/* The main() of a unit test program: XR_UNIT_MAIN("arena", first_test, second_test) */
#define XR_UNIT_MAIN(name, ...)                                     \
    int main(void)                                                  \
    {                                                               \
        const TTest *const tests[] = { __VA_ARGS__ };               \
        Suite *suite = suite_create(name);                          \
        TCase *tcase = tcase_create(name);                          \
        for (size_t i = 0; i < sizeof(tests) / sizeof(*tests); i++) \
            tcase_add_test(tcase, tests[i]);                        \
        tcase_set_timeout(tcase, 30);                               \
        suite_add_tcase(suite, tcase);                              \
        SRunner *runner = srunner_create(suite);                    \
        srunner_run_all(runner, CK_ENV);                            \
        int failed = srunner_ntests_failed(runner);                 \
        srunner_free(runner);                                       \
        return failed ? EXIT_FAILURE : EXIT_SUCCESS;                \
    }

#endif
